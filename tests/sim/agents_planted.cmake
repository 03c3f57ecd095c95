# Runs a program of Catch2 that must fail and show the rule and the plan: -DPROGRAM=path
execute_process(COMMAND ${PROGRAM} RESULT_VARIABLE code OUTPUT_VARIABLE output)
foreach(part "one is spent" "\\[run\\]" "seed 1 broke a rule" "1 failed")
  if(code EQUAL 0 OR NOT output MATCHES "${part}")
    message(FATAL_ERROR "it ended with ${code} and should show ${part}:\n${output}")
  endif()
endforeach()
