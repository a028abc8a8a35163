# The instance metadata service, version 2, for scripts that read this. A program that is started takes an emulated processor some
# hundredths of a second: so one connection brings several answers, and the shell itself takes them apart.
address=169.254.169.254
token_file=/run/imds-token
question=/run/imds-question
answers=/run/imds-answers
return=$'\r'
newline=$'\n'

# ask METHOD HEADER PATH...: answers, one after another, in a file. What is asked comes by a pipe that has no end: the service may take a
# client that has said all that it will say for one that is gone.
ask() {
  local method=$1 header=$2 last
  shift 2
  [ -p $question ] || mkfifo -m 600 $question
  exec 3<>$question
  while [ $# -gt 0 ]; do
    last=
    [ $# -eq 1 ] && last="Connection: close$return$newline"
    printf '%s /latest/%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n%s%s\r\n\r\n' "$method" "$1" $address "$last" "$header" >&3
    shift
  done
  nc -w 4 $address 80 <&3 >$answers 2>/dev/null
  exec 3>&-
}

# The next answer of the standard input becomes $status and, unless it is a refusal, $body.
next_answer() {
  local length=0 version reason name value line ended
  status= body=
  read -r version status reason || return 1
  while read -r name value && [ "$name" != "$return" ]; do
    [ "$name" = Content-Length: ] && length=${value%"$return"}
  done
  while [ ${#body} -lt "$length" ]; do
    # As it is, spaces too.
    IFS= read -r -n $((length - ${#body})) line
    ended=$?
    body=$body$line
    [ ${#body} -lt "$length" ] || break
    if [ $ended != 0 ]; then
      # It broke off: that is no answer.
      status= body=
      return 1
    fi
    body=$body$newline
  done
  [ "$status" = 200 ] || body=
}

open_imds() {
  for attempt in 1 2 3; do
    ask PUT 'X-aws-ec2-metadata-token-ttl-seconds: 21600' api/token
    next_answer <$answers
    if [ -n "$body" ]; then
      (umask 077 && echo "$body" >$token_file)
      return 0
    fi
    sleep 1
  done
  return 1
}

# get_imds PATH...
get_imds() {
  local token
  read -r token <$token_file
  ask GET "X-aws-ec2-metadata-token: $token" "$@"
}

# What is at PATH becomes $body. A token whose time is over is replaced.
tell_imds() {
  get_imds "$1"
  next_answer <$answers
  [ "$status" = 401 ] || return 0
  open_imds && get_imds "$1" && next_answer <$answers
}
