# Runs an example in a fresh directory, which is gone afterwards: -DEXAMPLE=program
file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})
execute_process(COMMAND ${EXAMPLE} ${SCRATCH}/node RESULT_VARIABLE code TIMEOUT 20)
file(REMOVE_RECURSE ${SCRATCH})
if(NOT code EQUAL 0)
  message(FATAL_ERROR "${EXAMPLE} ended with ${code}")
endif()
