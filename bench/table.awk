# Rows (see rows.awk) to a table; * marks the fastest peer of each weight type.
# A ratio is engine / peer within a round, then the median of the rounds: both saw the same memory weather.
function median(text,   value, count, i, j, v) {
  count = split(text, value, " ")
  for (i = 2; i <= count; i++) {
    v = value[i] + 0
    for (j = i - 1; j && value[j] + 0 > v; j--) value[j + 1] = value[j]
    value[j + 1] = v
  }
  low = value[1]; high = value[count]
  return count % 2 ? value[(count + 1) / 2] : (value[count / 2] + value[count / 2 + 1]) / 2
}
function ratio(cell, line, kind,   r, all) {
  for (r = 1; r <= rounds; r++)
    if ((cell, "engine", kind, r) in rate && (line, r) in rate)
      all = all " " rate[cell, "engine", kind, r] / rate[line, r]
  return all == "" ? "-" : sprintf("%.2fx", median(all))
}
function mark(count,   i, who, middle, best) {
  split("", fastest)
  for (i = 1; i <= count; i++) {
    split(of[i], who, SUBSEP)
    if (who[2] == "engine" || !(of[i] in rates)) continue
    middle = median(rates[of[i]])
    if (middle > best[who[3]] + 0) { best[who[3]] = middle; fastest[who[3]] = of[i] }
  }
}
BEGIN { FS = "\t" }
{
  # Only decoding is measured at several numbers of sequences.
  cell = $2 FS $3 FS ($3 ~ /decode/ ? $4 : "")
  line = cell SUBSEP $5 SUBSEP $6
  if (!(cell in lines)) cells[++cellCount] = cell
  if (!(line in windows)) { lines[cell] = lines[cell] "\n" line; windows[line] = 0 }
  if ($5 == "engine" && !($6 in known)) { known[$6]; kinds[++kindCount] = $6 }
  windows[line] += $8
  if ($1 > rounds) rounds = $1
  # A figure without an undisturbed window says how busy the machine was, not how fast the code is.
  if ($8 > 0) { rate[line, $1] = $7; rates[line] = rates[line] " " $7 }
}
END {
  printf "%-5s %-14s %4s  %-34s %-5s %10s %19s %7s", "shape", "benchmark", "seq", "subject", "type", "tokens/s", "min-max", "windows"
  for (k = 1; k <= kindCount; k++) printf " %12s", "engine " kinds[k]
  print ""
  for (c = 1; c <= cellCount; c++) {
    split(cells[c], name, FS)
    count = split(substr(lines[cells[c]], 2), of, "\n")
    mark(count)
    for (i = 1; i <= count; i++) {
      split(of[i], who, SUBSEP)
      middle = of[i] in rates ? sprintf("%.0f", median(rates[of[i]])) : "disturbed"
      range = of[i] in rates ? sprintf("%.0f-%.0f", low, high) : "-"
      if (fastest[who[3]] == of[i]) who[2] = who[2] " *"
      printf "%-5s %-14s %4s  %-34s %-5s %10s %19s %7d", name[1], name[2], name[3], who[2], who[3], middle, range, windows[of[i]]
      for (k = 1; k <= kindCount; k++) printf " %12s", who[2] == "engine" ? "" : ratio(cells[c], of[i], kinds[k])
      print ""
    }
  }
}
