#!/usr/bin/env bash
# Package:  capstone 5.0.9 (PyPI); reference: iced-x86 1.21.0 (PyPI).
# Subject:  UD1 (0F B9 /r) and UD0 (0F FF /r) have a ModRM byte. LLVM emits UD1 for trapping checks
#           (`ud1 2(%eax), %eax`, 67 0f b9 40 02), so unpatched compiler output contains it.
# Observed: capstone decodes UD1 and UD0 as if they ended before the ModRM byte: 3 bytes instead of
#           5, 2 instead of 4. A linear sweep then decodes the operand as instructions of its own.
# Expected: the lengths that iced-x86 and GNU objdump give.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install capstone==5.0.9 iced-x86==1.21.0
"$work/venv/bin/python" - <<'PY'
import capstone, iced_x86
decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
# (bytes, length by capstone, length by iced-x86)
for text, seen, right in [("670fb94002", 3, 5), ("0fb9c0", 2, 3), ("0fff4002", 2, 4)]:
    code = bytes.fromhex(text)
    first = next(decoder.disasm(code, 0))
    reference = iced_x86.Decoder(64, code, ip=0).decode()
    print(f"{text}: capstone {first.mnemonic} {first.size} bytes, iced-x86 {reference} {reference.len} bytes")
    assert (first.size, reference.len) == (seen, right), "behaviour changed"
PY
echo "as described"
