# Every third-party package the tree uses, found once, wrapped in imported targets. What is missing
# is collected first, so that one apt line names all of it.
set(starling_missing_packages "")
# A program that adds this tree with add_subdirectory links the same imported targets.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)

macro(starling_find debian_package package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    list(APPEND starling_missing_packages ${debian_package})
  endif()
endmacro()

find_package(Threads REQUIRED)
starling_find(pkg-config PkgConfig)
starling_find(libexpected-dev tl-expected CONFIG)
starling_find(libsqlite3-dev SQLite3)
starling_find(libfmt-dev fmt CONFIG)
starling_find(libspdlog-dev spdlog CONFIG)
starling_find(nlohmann-json3-dev nlohmann_json CONFIG)
# Debian's msgpack needs Boost's headers to be found, and cppzmq needs libzmq: look for those first.
starling_find(libboost-dev Boost 1.74)
# msgpack renamed its package and target twice: msgpack (4.x, Debian 12), msgpackc-cxx (5.x),
# msgpack-cxx (6.x).
starling_find(libmsgpack-cxx-dev msgpack CONFIG NAMES msgpack-cxx msgpackc-cxx msgpack)
if(PkgConfig_FOUND)
  pkg_check_modules(sodium QUIET IMPORTED_TARGET GLOBAL libsodium)
  if(NOT sodium_FOUND)
    list(APPEND starling_missing_packages libsodium-dev)
  endif()
  pkg_check_modules(xxhash QUIET IMPORTED_TARGET GLOBAL libxxhash)
  if(NOT xxhash_FOUND)
    list(APPEND starling_missing_packages libxxhash-dev)
  endif()
  pkg_check_modules(starling_libzmq QUIET libzmq)
  if(starling_libzmq_FOUND)
    starling_find(cppzmq-dev cppzmq CONFIG)
  else()
    list(APPEND starling_missing_packages libzmq3-dev cppzmq-dev)
  endif()
endif()
if(STARLING_BUILD_PROGRAMS OR STARLING_BUILD_TESTS)
  find_package(Boost 1.74 QUIET COMPONENTS program_options)
  if(NOT TARGET Boost::program_options)
    list(APPEND starling_missing_packages libboost-program-options-dev)
  endif()
  if(PkgConfig_FOUND)
    pkg_check_modules(seccomp QUIET IMPORTED_TARGET GLOBAL libseccomp)
    if(NOT seccomp_FOUND)
      list(APPEND starling_missing_packages libseccomp-dev)
    endif()
  endif()
endif()
if(STARLING_BUILD_TESTS)
  starling_find(catch2 Catch2 CONFIG)
  starling_find(librapidcheck-dev rapidcheck CONFIG)
  starling_find(python3 Python3 COMPONENTS Interpreter)
endif()
if(STARLING_BUILD_BENCH)
  starling_find(libbenchmark-dev benchmark CONFIG)
endif()

if(starling_missing_packages)
  list(REMOVE_DUPLICATES starling_missing_packages)
  list(JOIN starling_missing_packages " " starling_missing_packages)
  message(FATAL_ERROR
    "Some packages are missing. Install them with\n"
    "  sudo apt-get install ${starling_missing_packages}\n")
endif()

if(TARGET msgpack-cxx)
  set(STARLING_MSGPACK msgpack-cxx)
else()
  set(STARLING_MSGPACK msgpackc-cxx)
endif()

# What base/ hashes and signs with.
set(STARLING_HASHES PkgConfig::sodium PkgConfig::xxhash)

# What the objects of the user library need at link time. cmake/starlingConfig.cmake.in finds the
# same packages again for a static install.
set(STARLING_PRIVATE_DEPENDENCIES
  cppzmq ${STARLING_MSGPACK} ${STARLING_HASHES} SQLite::SQLite3
  spdlog::spdlog fmt::fmt Threads::Threads)
