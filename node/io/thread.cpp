#include "node/io/thread.hpp"

#include <pthread.h>

#include <csignal>
#include <utility>

namespace starling::io {

std::thread start_thread(const std::string& name, std::function<void()> body) {
    // A new thread inherits the mask: no moment remains in which it could get a signal.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    std::thread thread(std::move(body));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
    return thread;
}

}  // namespace starling::io
