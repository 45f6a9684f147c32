#include "onestep/hub/cache_folder.h"

#include <cctype>
#include <cstdlib>

namespace onestep {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> non_empty(const Environment& environment, const std::string& name) {
  auto value = environment(name);
  return value && !value->empty() ? value : std::nullopt;
}

bool belongs_to_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// $NAME and ${NAME} replaced by their values; unknown names stay, as Python's expandvars has it.
std::string with_variables(const std::string& text, const Environment& environment) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const bool braces = text.compare(i, 2, "${") == 0;
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && belongs_to_name(text[end])) ++end;
    const bool closed = !braces || (end < text.size() && text[end] == '}');
    const auto value = text[i] == '$' && end > begin && closed
                           ? environment(text.substr(begin, end - begin))
                           : std::nullopt;
    if (value) {
      result += *value;
      i = end + (braces ? 1 : 0);
    } else {
      result += text[i++];
    }
  }
  return result;
}

/// The home folder for a leading ~ that stands alone or before a slash.
std::string with_home(const std::string& text, const Environment& environment) {
  const bool tilde = text == "~" || text.rfind("~/", 0) == 0;
  const auto home = non_empty(environment, "HOME");
  return tilde && home ? *home + text.substr(1) : text;
}

fs::path expanded(const std::string& text, const Environment& environment) {
  return with_home(with_variables(text, environment), environment);
}

fs::path hugging_face_home(const Environment& environment) {
  if (const auto home = non_empty(environment, "HF_HOME")) return expanded(*home, environment);
  const auto cache = non_empty(environment, "XDG_CACHE_HOME");
  return expanded(cache.value_or("~/.cache"), environment) / "huggingface";
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

fs::path hub_cache_folder(const Environment& environment) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const auto folder = non_empty(environment, name)) return expanded(*folder, environment);
  }
  return hugging_face_home(environment) / "hub";
}

}  // namespace onestep
