include_guard()

# How every target of the tree is compiled, and the components, library, program and tests made
# of them.

if(PROJECT_IS_TOP_LEVEL)
  # ccache when it is there. Without the directory in its hash and with names from the root of the
  # tree, every build directory and every clone shares hits.
  find_program(STARLING_CCACHE ccache)
  if(STARLING_CCACHE AND "${CMAKE_CXX_COMPILER_LAUNCHER}" MATCHES "^$|ccache$")
    set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${STARLING_CCACHE})
  endif()
endif()

if(STARLING_SANITIZE)
  add_compile_options(
    -fsanitize=${STARLING_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STARLING_SANITIZE})
endif()

# Sources of a target in one file of the unity build (STARLING_UNITY): more save little more, and
# a change of one of them compiles all of them.
set(STARLING_UNITY_SOURCES 12)

# starling_compile(target): language, warnings, and floating point that is the same everywhere.
function(starling_compile target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    UNITY_BUILD ${STARLING_UNITY} UNITY_BUILD_BATCH_SIZE ${STARLING_UNITY_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(${target} PRIVATE
    -ffp-contract=off -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wold-style-cast -Woverloaded-virtual -Wswitch-enum
    # In a unity build a local name would shadow what other files keep to themselves.
    $<$<NOT:$<BOOL:${STARLING_UNITY}>>:-Wshadow>
    $<$<BOOL:${STARLING_WERROR}>:-Werror>)
endfunction()

# starling_component(name folder [component...]): one object library per folder and the components
# it may use. The folder's CMakeLists.txt lists the sources:
#   target_sources(starling_<name> PRIVATE rings.cpp members.cpp)
function(starling_component name folder)
  set(target starling_${name})
  set(closure ${ARGN})
  foreach(used IN LISTS ARGN)
    get_property(further GLOBAL PROPERTY STARLING_CLOSURE_${used})
    list(APPEND closure ${further})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set_property(GLOBAL PROPERTY STARLING_CLOSURE_${name} "${closure}")

  add_library(${target} OBJECT)
  starling_compile(${target})
  target_link_libraries(${target} PUBLIC tl::expected)
  # A list file is a source that compiles to nothing: a folder without code still configures.
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
  add_subdirectory(${folder})
endfunction()

# starling_objects(out name...): the object libraries of these components and of all they use.
function(starling_objects out)
  set(names ${ARGN})
  foreach(name IN LISTS ARGN)
    if(NOT TARGET starling_${name})
      message(FATAL_ERROR "there is no component called ${name}")
    endif()
    get_property(closure GLOBAL PROPERTY STARLING_CLOSURE_${name})
    list(APPEND names ${closure})
  endforeach()
  list(REMOVE_DUPLICATES names)
  list(TRANSFORM names PREPEND starling_)
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# The one library for users: the objects of everything an embedding program runs, in one archive
# or in one shared object that exports only what STARLING_EXPORT marks.
function(starling_library)
  starling_objects(components io)
  list(TRANSFORM components REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(starling ${objects} ${PROJECT_SOURCE_DIR}/CMakeLists.txt)
  add_library(starling::starling ALIAS starling)
  set_target_properties(starling PROPERTIES
    LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(starling PUBLIC cxx_std_20)
  target_include_directories(starling PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(starling PUBLIC tl::expected PRIVATE ${STARLING_PRIVATE_DEPENDENCIES})
endfunction()

# The simulator for users' agents, on top of the library: starling::sim.
function(starling_simulation)
  set(components starling_sim starling_agents)
  get_target_property(library_type starling TYPE)
  if(library_type STREQUAL SHARED_LIBRARY)
    # The shared library hides what the simulator is made of: it brings its own.
    starling_objects(components agents)
  endif()
  list(TRANSFORM components REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(starling_simulation STATIC ${objects} ${PROJECT_SOURCE_DIR}/CMakeLists.txt)
  add_library(starling::sim ALIAS starling_simulation)
  set_target_properties(starling_simulation PROPERTIES
    LINKER_LANGUAGE CXX EXPORT_NAME sim OUTPUT_NAME starling_sim)
  target_link_libraries(starling_simulation
    PUBLIC starling PRIVATE ${STARLING_PRIVATE_DEPENDENCIES})
endfunction()

# The program: node/cli on top of the library and the simulator.
function(starling_program)
  if(NOT EXISTS ${PROJECT_SOURCE_DIR}/node/cli/main.cpp)
    return()
  endif()
  add_executable(starling_program ${PROJECT_SOURCE_DIR}/node/cli/main.cpp)
  file(RELATIVE_PATH libraries_from_programs
    /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(starling_program PROPERTIES
    OUTPUT_NAME starling INSTALL_RPATH "\$ORIGIN/${libraries_from_programs}")
  starling_compile(starling_program)
  target_link_libraries(starling_program PRIVATE starling_cli starling_sim starling)
  get_target_property(library_type starling TYPE)
  if(library_type STREQUAL SHARED_LIBRARY)
    # The shared library hides what the simulator is made of; the program brings its own.
    starling_objects(simulator sim)
    target_link_libraries(starling_program PRIVATE ${simulator})
  endif()
endfunction()

# starling_test(name SOURCES a_test.cpp ... COMPONENTS gossip ... [LIBRARIES rapidcheck ...]
#               [LABELS unit] [TIMEOUT 120])
# One program tests/<name> and one ctest entry; the components it names bring all they use.
function(starling_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "SOURCES;COMPONENTS;LIBRARIES;LABELS")
  if(NOT test_SOURCES)
    return()
  endif()
  starling_objects(components ${test_COMPONENTS})
  add_executable(${name} ${test_SOURCES})
  starling_compile(${name})
  # What is tested is optimized; the test itself need only compile soon.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE
    ${components} Catch2::Catch2WithMain ${test_LIBRARIES})
  add_test(NAME ${name} COMMAND ${name})
  starling_test_properties(${name} "${test_LABELS}" "${test_TIMEOUT}")
  get_test_property(${name} LABELS labels)
  foreach(label IN LISTS labels)
    starling_label(${label})
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()

# starling_fuzz(name SOURCES a_fuzz.cpp ... COMPONENTS gossip ...): one program fuzz/<name> that
# libFuzzer feeds. The sanitizers of the build (STARLING_SANITIZE) hold its eyes open.
function(starling_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 fuzz "" "" "SOURCES;COMPONENTS")
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "libFuzzer comes with clang: cmake --preset fuzz")
  endif()
  starling_objects(components ${fuzz_COMPONENTS})
  add_executable(${name} ${fuzz_SOURCES})
  starling_compile(${name})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  target_link_libraries(${name} PRIVATE ${components})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  if(NOT TARGET fuzz_targets)
    add_custom_target(fuzz_targets)
  endif()
  add_dependencies(fuzz_targets ${name})
endfunction()

# starling_label(label): the target tests_<label> builds every test program with this label.
function(starling_label label)
  if(NOT TARGET tests_${label})
    add_custom_target(tests_${label})
  endif()
endfunction()

# starling_script_test(name COMMAND python3 x.py ... [LABELS unit] [TIMEOUT 120])
function(starling_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "COMMAND;LABELS")
  add_test(NAME ${name} COMMAND ${test_COMMAND})
  starling_test_properties(${name} "${test_LABELS}" "${test_TIMEOUT}")
endfunction()

# What every test gets. Exit code 77 of a script means skipped.
function(starling_test_properties name labels timeout)
  if(NOT labels)
    set(labels unit)
  endif()
  if(NOT timeout)
    set(timeout 120)
  endif()
  # A sanitizer takes up to twenty times as long, on a busy machine still longer.
  if(STARLING_SANITIZE)
    math(EXPR timeout "${timeout} * 10")
  endif()
  set(environment STARLING_SOURCE_DIR=${PROJECT_SOURCE_DIR})
  if(STARLING_SANITIZE MATCHES thread)
    set(suppressions ${PROJECT_SOURCE_DIR}/tests/tsan_suppressions.txt)
    list(APPEND environment
      "TSAN_OPTIONS=ignore_noninstrumented_modules=1 suppressions=${suppressions}")
  endif()
  if(TARGET starling_program)
    list(APPEND environment STARLING_PROGRAM=$<TARGET_FILE:starling_program>)
  endif()
  set_tests_properties(${name} PROPERTIES
    LABELS "${labels}" TIMEOUT ${timeout} ENVIRONMENT "${environment}" SKIP_RETURN_CODE 77)
endfunction()
