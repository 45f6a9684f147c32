// Elementary functions on vectors, once per target. No include guard in the usual form: the file is
// read again for every instruction set.
#if defined(ONESTEP_BACKEND_CPU_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ONESTEP_BACKEND_CPU_MATH_INL_H_
#undef ONESTEP_BACKEND_CPU_MATH_INL_H_
#else
#define ONESTEP_BACKEND_CPU_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace onestep::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Note [NaN in Min and Max]: on x86 both return the second operand when one is a NaN, so the
// argument stands second wherever a NaN has to survive.

/// e^x for x <= 88 with a relative error below 2e-7; e^-87.33 (1e-38) below that.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_clamped(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V clamped = hn::Max(hn::Set(d, -87.33f), x);
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  const V magic = hn::Set(d, 12582912.0f);
  const V shifted = hn::MulAdd(clamped, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(shifted, magic);
  // ln 2 in two parts; the first has 15 bits, so that its product with n is exact.
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693145751953125f), clamped);
  r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-6f), r);
  V p = hn::Set(d, 1.9875691500e-4f);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::Add(hn::MulAdd(p, hn::Mul(r, r), r), hn::Set(d, 1.0f));
  const auto power =
      hn::Add(hn::ShiftLeft<23>(hn::BitCast(di, shifted)), hn::Set(di, std::int32_t{127} << 23));
  return hn::Mul(p, hn::BitCast(d, power));
}

/// x / (1 + e^-kx). The quotient is an approximate reciprocal, improved once, and a correction of
/// the result, which costs a quarter of a division.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V swish(D d, V x, float k) {
  const V power = exp_clamped(d, hn::Min(hn::Set(d, 88.0f), hn::Mul(x, hn::Set(d, -k))));
  const V divisor = hn::Add(hn::Set(d, 1.0f), power);
  V inverse = hn::ApproximateReciprocal(divisor);
  inverse = hn::MulAdd(inverse, hn::NegMulAdd(divisor, inverse, hn::Set(d, 1.0f)), inverse);
  const V quotient = hn::Mul(x, inverse);
  return hn::MulAdd(inverse, hn::NegMulAdd(divisor, quotient, x), quotient);
}

/// The error function to 1 ulp or so: a polynomial near 0, 1 - e^(polynomial) beyond 475/512.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf(D d, V x) {
  const V t = hn::Abs(x);
  const V s = hn::Mul(x, x);
  // Beyond 4 the function is 1 to every bit, and the polynomial is not to be trusted.
  const V t4 = hn::Min(hn::Set(d, 4.0f), t);
  const V s4 = hn::Mul(t4, t4);
  V far = hn::MulAdd(hn::Set(d, -1.72853470e-5f), t4, hn::Set(d, 3.83197126e-4f));
  const V u4 = hn::MulAdd(hn::Set(d, -3.88396438e-3f), t4, hn::Set(d, 2.42546219e-2f));
  far = hn::MulAdd(far, s4, u4);
  far = hn::MulAdd(far, t4, hn::Set(d, -1.06777877e-1f));
  far = hn::MulAdd(far, t4, hn::Set(d, -6.34846687e-1f));
  far = hn::MulAdd(far, t4, hn::Set(d, -1.28717512e-1f));
  far = hn::MulAdd(far, t4, hn::Neg(t4));
  far = hn::CopySign(hn::Sub(hn::Set(d, 1.0f), exp_clamped(d, far)), x);
  V near = hn::Set(d, -5.96761703e-4f);
  near = hn::MulAdd(near, s, hn::Set(d, 4.99119423e-3f));
  near = hn::MulAdd(near, s, hn::Set(d, -2.67681349e-2f));
  near = hn::MulAdd(near, s, hn::Set(d, 1.12819925e-1f));
  near = hn::MulAdd(near, s, hn::Set(d, -3.76125336e-1f));
  near = hn::MulAdd(near, s, hn::Set(d, 1.28379166e-1f));
  near = hn::MulAdd(near, x, x);
  return hn::IfThenElse(hn::Gt(t, hn::Set(d, 0.927734375f)), far, near);
}

/// x/2 * (1 + erf(x / sqrt 2)).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu(D d, V x) {
  const V half = hn::Mul(x, hn::Set(d, 0.5f));
  return hn::MulAdd(half, erf(d, hn::Mul(x, hn::Set(d, 0.70710678f))), half);
}

}  // namespace onestep::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
