include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/starling)
install(TARGETS starling EXPORT starlingTargets)
install(DIRECTORY include/starling DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.hpp")
if(TARGET starling_program)
  install(TARGETS starling_program)
endif()
if(TARGET starling_simulation)
  install(TARGETS starling_simulation EXPORT starlingSimTargets)
  install(EXPORT starlingSimTargets NAMESPACE starling:: DESTINATION ${config_dir})
endif()
install(EXPORT starlingTargets NAMESPACE starling:: DESTINATION ${config_dir})
# BUILD_SHARED_LIBS may be unset; the target knows what it became.
get_target_property(library_type starling TYPE)
string(COMPARE EQUAL "${library_type}" STATIC_LIBRARY STARLING_IS_STATIC)
configure_package_config_file(cmake/starlingConfig.cmake.in starlingConfig.cmake
  INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(starlingConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/starlingConfig.cmake
  ${PROJECT_BINARY_DIR}/starlingConfigVersion.cmake
  DESTINATION ${config_dir})
