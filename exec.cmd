@rem What `exec` of a POSIX shell is for `npm start`: the rest of the line. npm runs scripts with cmd.exe, which looks here first.
@%*
