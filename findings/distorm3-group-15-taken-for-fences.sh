#!/usr/bin/env bash
# Package:  distorm3 3.5.2 (PyPI); reference: iced-x86 1.21.0 (PyPI).
# Subject:  in the opcode group 0F AE a mandatory prefix (66, F2, F3) selects another instruction.
# Observed: distorm3 ignores the prefix and reports a fence: TPAUSE, UMWAIT and UMONITOR become
#           MFENCE, INCSSPD becomes LFENCE. CLWB and CLFLUSHOPT become fences with a memory
#           operand, `MFENCE [RDI]` and `SFENCE [RAX]`, which do not exist.
# Expected: the instruction, or an unknown byte. The lengths are right, so nothing looks wrong.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install distorm3==3.5.2 iced-x86==1.21.0
"$work/venv/bin/python" - <<'PY'
import distorm3, iced_x86
for text, seen, right in [
    ("660faef1", "MFENCE", "tpause ecx"),
    ("f20faef1", "MFENCE", "umwait ecx"),
    ("f30faef1", "MFENCE", "umonitor rcx"),
    ("f30faee8", "LFENCE", "incsspd eax"),
    ("660fae37", "MFENCE [RDI]", "clwb [rdi]"),
    ("660fae38", "SFENCE [RAX]", "clflushopt [rax]"),
]:
    code = bytes.fromhex(text)
    _, size, name, _ = distorm3.Decode(0, code, distorm3.Decode64Bits)[0]
    reference = iced_x86.Decoder(64, code, ip=0).decode()
    print(f"{text}: distorm3 {name}, iced-x86 {reference}")
    assert (name, f"{reference}", size) == (seen, right, reference.len), "behaviour changed"
PY
echo "as described"
