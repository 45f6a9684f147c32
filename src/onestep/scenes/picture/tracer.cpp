#include "onestep/scenes/picture/tracer.h"

#include "onestep/base/check.h"

#include <embree3/rtcore.h>

#include <cstring>
#include <limits>
#include <vector>

namespace onestep::scenes {
namespace {

/// One for the process: it holds no state of a scene. Hierarchies are built by the thread that
/// asks.
RTCDevice device() {
  static RTCDevice made = rtcNewDevice("threads=1,set_affinity=0");
  check(made != nullptr, "Embree: cannot make a device (error ",
        static_cast<int>(rtcGetDeviceError(nullptr)), ")");
  return made;
}

Vec3 as_vec(float x, float y, float z) {
  return {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
}

RTCRay ray_of(const Vec3& origin, const Vec3& direction, float near, float far) {
  RTCRay ray = {};
  ray.org_x = static_cast<float>(origin.x);
  ray.org_y = static_cast<float>(origin.y);
  ray.org_z = static_cast<float>(origin.z);
  ray.dir_x = static_cast<float>(direction.x);
  ray.dir_y = static_cast<float>(direction.y);
  ray.dir_z = static_cast<float>(direction.z);
  ray.tnear = near;
  ray.tfar = far;
  ray.mask = 0xFFFFFFFFu;
  return ray;
}

/// Curved surfaces, which Embree asks us about.
struct Curved {
  const std::vector<Surface>* surfaces = nullptr;
  std::vector<int> numbers;

  const Shape& shape(unsigned primitive) const {
    return (*surfaces)[static_cast<std::size_t>(numbers[primitive])].shape;
  }
};

std::optional<Meeting> met(const Curved& curved, const RTCRay& ray, unsigned primitive) {
  return meeting(curved.shape(primitive), as_vec(ray.org_x, ray.org_y, ray.org_z),
                 as_vec(ray.dir_x, ray.dir_y, ray.dir_z), static_cast<double>(ray.tnear),
                 static_cast<double>(ray.tfar));
}

void curved_bounds(const RTCBoundsFunctionArguments* arguments) {
  const auto& curved = *static_cast<const Curved*>(arguments->geometryUserPtr);
  const auto [low, high] = bounds_of(curved.shape(arguments->primID));
  constexpr double kSlack = 1e-4;  // of rounding to float
  *arguments->bounds_o = {.lower_x = static_cast<float>(low.x - kSlack),
                          .lower_y = static_cast<float>(low.y - kSlack),
                          .lower_z = static_cast<float>(low.z - kSlack),
                          .align0 = 0,
                          .upper_x = static_cast<float>(high.x + kSlack),
                          .upper_y = static_cast<float>(high.y + kSlack),
                          .upper_z = static_cast<float>(high.z + kSlack),
                          .align1 = 0};
}

void curved_intersect(const RTCIntersectFunctionNArguments* arguments) {
  if (arguments->valid[0] == 0) return;
  auto& found = *reinterpret_cast<RTCRayHit*>(arguments->rayhit);
  const auto& curved = *static_cast<const Curved*>(arguments->geometryUserPtr);
  const auto where = met(curved, found.ray, arguments->primID);
  if (!where) return;
  found.ray.tfar = static_cast<float>(where->distance);
  found.hit.geomID = arguments->geomID;
  found.hit.primID = arguments->primID;
}

void curved_occluded(const RTCOccludedFunctionNArguments* arguments) {
  if (arguments->valid[0] == 0) return;
  auto& ray = *reinterpret_cast<RTCRay*>(arguments->ray);
  const auto& curved = *static_cast<const Curved*>(arguments->geometryUserPtr);
  if (met(curved, ray, arguments->primID)) ray.tfar = -std::numeric_limits<float>::infinity();
}

}  // namespace

std::string embree_version() {
  return concatenate("Embree ", RTC_VERSION_MAJOR, ".", RTC_VERSION_MINOR, ".", RTC_VERSION_PATCH);
}

struct Tracer::State {
  explicit State(const World& world) : surfaces(world.surfaces), scene(rtcNewScene(device())) {
    check(scene != nullptr, "Embree: cannot make a scene (error ",
          static_cast<int>(rtcGetDeviceError(device())), ")");
    curved.surfaces = &surfaces;
    for (std::size_t i = 0; i < surfaces.size(); ++i) {
      const bool flat = std::holds_alternative<Panel>(surfaces[i].shape);
      (flat ? panels : curved.numbers).push_back(static_cast<int>(i));
    }
    rtcSetSceneBuildQuality(scene, RTC_BUILD_QUALITY_MEDIUM);
    if (!panels.empty()) attach_panels();
    if (!curved.numbers.empty()) attach_curved();
    rtcCommitScene(scene);
    const RTCError error = rtcGetDeviceError(device());
    check(error == RTC_ERROR_NONE, "Embree: cannot build a scene of ", surfaces.size(),
          " surfaces (error ", static_cast<int>(error), ")");
  }
  ~State() { rtcReleaseScene(scene); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void attach_panels() {
    const RTCGeometry geometry = rtcNewGeometry(device(), RTC_GEOMETRY_TYPE_QUAD);
    const std::size_t count = panels.size();
    auto* corners = static_cast<float*>(rtcSetNewGeometryBuffer(
        geometry, RTC_BUFFER_TYPE_VERTEX, 0, RTC_FORMAT_FLOAT3, 3 * sizeof(float), 4 * count));
    auto* indices = static_cast<unsigned*>(rtcSetNewGeometryBuffer(
        geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT4, 4 * sizeof(unsigned), count));
    check(corners != nullptr && indices != nullptr, "Embree: no memory for ", count, " panels");
    for (std::size_t i = 0; i < count; ++i) {
      const auto& panel = std::get<Panel>(surfaces[static_cast<std::size_t>(panels[i])].shape);
      const Vec3 u = panel.corner + panel.edge_u;
      const Vec3 v = panel.corner + panel.edge_v;
      // A quad whose last two corners coincide is a triangle.
      const Vec3 far = panel.triangle ? v : u + panel.edge_v;
      for (const Vec3& corner : {panel.corner, u, far, v}) {
        *corners++ = static_cast<float>(corner.x);
        *corners++ = static_cast<float>(corner.y);
        *corners++ = static_cast<float>(corner.z);
      }
      for (unsigned k = 0; k < 4; ++k) *indices++ = static_cast<unsigned>(4 * i) + k;
    }
    rtcCommitGeometry(geometry);
    panel_geometry = rtcAttachGeometry(scene, geometry);
    rtcReleaseGeometry(geometry);
  }

  void attach_curved() {
    const RTCGeometry geometry = rtcNewGeometry(device(), RTC_GEOMETRY_TYPE_USER);
    rtcSetGeometryUserPrimitiveCount(geometry, static_cast<unsigned>(curved.numbers.size()));
    rtcSetGeometryUserData(geometry, &curved);
    rtcSetGeometryBoundsFunction(geometry, curved_bounds, nullptr);
    rtcSetGeometryIntersectFunction(geometry, curved_intersect);
    rtcSetGeometryOccludedFunction(geometry, curved_occluded);
    rtcCommitGeometry(geometry);
    rtcAttachGeometry(scene, geometry);
    rtcReleaseGeometry(geometry);
  }

  int surface_of(const RTCHit& hit) const {
    return hit.geomID == panel_geometry ? panels[hit.primID] : curved.numbers[hit.primID];
  }

  const std::vector<Surface>& surfaces;
  std::vector<int> panels;
  Curved curved;
  unsigned panel_geometry = RTC_INVALID_GEOMETRY_ID;
  RTCScene scene;
};

Tracer::Tracer(const World& world) : state_(std::make_unique<State>(world)) {}
Tracer::~Tracer() = default;

std::optional<Hit> Tracer::first_hit(const Vec3& origin, const Vec3& direction) const {
  // A grazing ray may meet a surface in float and not in double precision; it then goes on.
  for (float nearest = 0;;) {
    RTCRayHit found = {};
    found.ray = ray_of(origin, direction, nearest, std::numeric_limits<float>::infinity());
    found.hit.geomID = RTC_INVALID_GEOMETRY_ID;
    RTCIntersectContext context;
    rtcInitIntersectContext(&context);
    rtcIntersect1(state_->scene, &context, &found);
    if (found.hit.geomID == RTC_INVALID_GEOMETRY_ID) return std::nullopt;
    const int number = state_->surface_of(found.hit);
    const Shape& shape = state_->surfaces[static_cast<std::size_t>(number)].shape;
    const auto distance = static_cast<double>(found.ray.tfar);
    const auto exact = meeting(shape, origin, direction, distance * 0.999, distance * 1.001 + 1e-6);
    if (!exact) {
      nearest = found.ray.tfar * 1.0001F + 1e-6F;
      continue;
    }
    const bool behind = dot(exact->normal, direction) > 0;
    return Hit{exact->distance, behind ? -exact->normal : exact->normal, exact->place_m, number};
  }
}

bool Tracer::blocked(const Vec3& origin, const Vec3& direction, double distance) const {
  RTCRay ray = ray_of(origin, direction, 0, static_cast<float>(distance));
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded1(state_->scene, &context, &ray);
  return ray.tfar < 0;
}

}  // namespace onestep::scenes
