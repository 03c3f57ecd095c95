// Starts a thread that has a name and leaves all signals to the program.
//
// Thread safe.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace starling::io {

// `name` shows in debuggers; at most 15 characters.
[[nodiscard]] std::thread start_thread(const std::string& name, std::function<void()> body);

}  // namespace starling::io
