# Run by cpack between installing into its staging folder and making the package: what Debian's policy wants in another form.
set(doc "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/voxtrawl")
file(REMOVE "${doc}/LICENSE") # the copyright file says it
configure_file("${CMAKE_CURRENT_LIST_DIR}/copyright" "${doc}/copyright" COPYONLY)
file(READ "${CMAKE_CURRENT_LIST_DIR}/changelog" changelog)
file(WRITE "${doc}/changelog.Debian" "${changelog}")
execute_process(COMMAND gzip -9nf "${doc}/changelog.Debian" COMMAND_ERROR_IS_FATAL ANY)
# zsh's functions lie elsewhere than in other systems
file(RENAME "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/zsh/site-functions" "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/zsh/vendor-completions")
# readable by all, whatever the umask of whoever builds
execute_process(COMMAND chmod -R u=rwX,go=rX "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr" COMMAND_ERROR_IS_FATAL ANY)
