#!/bin/bash
# Behaves as `cargo-hot` and as the program under it: it says who it is, and otherwise answers from what the source says.
if [ "$2" = --help ]; then
  echo 'Run a binary or example of the local package in hot reloading mode'
  exit
fi
exec 3<>"/dev/tcp/${HOTPATCH_BENCH_ADDRESS/:/\/}"
echo "ready $$" >&3
asked=0
seen=$(cksum src/main.rs)
while :; do
  if read -r -t 0.05 -u 3 name value; then
    asked=$((asked + 1))
    body=$(sed -n "/^fn $name(/,/^}/p" src/main.rs)
    if [[ $body =~ \[([0-9]+),\ 1\] ]]; then edition=$((BASH_REMATCH[1] + 1))
    elif [[ $body =~ else\ \{\ ([0-9]+) ]]; then edition=${BASH_REMATCH[1]}
    elif [[ $body =~ u64\ =\ ([0-9]+)\; ]]; then edition=${BASH_REMATCH[1]}
    fi
    echo "$asked edition $edition, told of $value" >&3
  elif [ $? -le 128 ]; then exit
  fi
  if [ "$(cksum src/main.rs)" != "$seen" ]; then seen=$(cksum src/main.rs); echo patched >&3; fi
done
