# JSON lines of the engine, llamabench or bench.py to rows: round, shape, benchmark, sequences, subject, type, tokens/s, undisturbed windows.
function field(text, name) {
  if (!match(text, "\"" name "\": *\"*[^\",}]*")) return ""
  text = substr(text, RSTART, RLENGTH)
  sub(/^"[^"]*": *"*/, "", text)
  return text
}
function row(benchmark, sequences, kind, rate, windows) {
  print round, shape, benchmark, sequences, subject, kind, rate, windows
}
BEGIN { OFS = "\t" }
/"tokens_per_second"/ {
  row(field($0, "benchmark"), field($0, "sequences"), field($0, "dtype"), field($0, "tokens_per_second"), field($0, "windows"))
}
/"tool": *"llama.cpp"/ {
  for (rest = $0; match(rest, /"(pp|tg@)[0-9]+": *\{[^}]*\}/); rest = substr(rest, start + size)) {
    start = RSTART; size = RLENGTH; part = substr(rest, start, size); sequences = part
    sub(/^"(pp|tg@)/, "", sequences); sub(/".*/, "", sequences)
    prompt = part ~ /^"pp/
    row(prompt ? "prefill" : "decode", prompt ? 1 : sequences, type, field(part, "median"), field(part, "kept"))
  }
}
/"tool": *"torch"/ {
  what = field($0, "what"); sequences = $0
  sub(/.*"batch": *\[?/, "", sequences); sub(/[^0-9].*/, "", sequences)
  row(what ~ /^train/ ? "train" : what ~ /^log/ ? "logprobs" : "decode", sequences, type, field($0, "median"), field($0, "kept"))
}
