using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Unicode normalization forms of well-formed UTF-16. The runtime's own do nothing in invariant globalization mode and elsewhere
/// follow the machine's ICU, while token ids must be the same everywhere.
/// </summary>
internal static class UnicodeForm
{
    private const int FirstSyllable = 0xAC00, FirstLead = 0x1100, FirstVowel = 0x1161, TrailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Trails = 28, Syllables = Leads * Vowels * Trails;

    private static readonly Dictionary<int, byte> Class = [];
    private static readonly Dictionary<int, int[]> Decomposed = [];
    private static readonly Dictionary<int, int[]> Compatible = [];
    private static readonly Dictionary<(int First, int Second), int> Composed = [];

    static UnicodeForm()
    {
        using var data = new StreamReader(typeof(UnicodeForm).Assembly.GetManifestResourceStream("CanonicalData.txt")!);
        while (data.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            if (parts[0] == "class") AddClass(Hex(parts[1]), Hex(parts[2]), byte.Parse(parts[3], CultureInfo.InvariantCulture));
            else if (parts[0] is "pair" or "only") AddDecomposition(parts);
            else if (parts[0] == "compat") Compatible.Add(Hex(parts[1]), [.. parts[2..].Select(Hex)]);
        }
    }

    // Below these characters a form changes nothing: the first that combine, decompose, or have a compatible form.

    /// <summary>Canonical composition.</summary>
    public static string C(string text) => Normalize(text, '\u0300', compatible: false, compose: true);

    /// <summary>Canonical decomposition.</summary>
    public static string D(string text) => Normalize(text, '\u00c0', compatible: false, compose: false);

    /// <summary>Compatibility composition.</summary>
    public static string KC(string text) => Normalize(text, '\u00a0', compatible: true, compose: true);

    /// <summary>Compatibility decomposition.</summary>
    public static string KD(string text) => Normalize(text, '\u00a0', compatible: true, compose: false);

    private static string Normalize(string text, char first, bool compatible, bool compose)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', (char)(first - 1))) return text;
        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) Decompose(rune.Value, compatible, points);
        OrderMarks(points);
        if (compose) Compose(points);
        var result = new StringBuilder(text.Length);
        Span<char> units = stackalloc char[2];
        foreach (var point in points) result.Append(units[..new Rune(point).EncodeToUtf16(units)]);
        return result.ToString();
    }

    private static void AddClass(int first, int last, byte value)
    {
        for (var point = first; point <= last; point++) Class.Add(point, value);
    }

    private static void AddDecomposition(string[] parts)
    {
        int[] parted = [.. parts[2..].Select(Hex)];
        Decomposed.Add(Hex(parts[1]), parted);
        if (parts[0] == "pair") Composed.Add((parted[0], parted[1]), Hex(parts[1]));
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static void Decompose(int point, bool compatible, List<int> into)
    {
        var syllable = point - FirstSyllable;
        if (syllable is >= 0 and < Syllables)
        {
            into.Add(FirstLead + (syllable / (Vowels * Trails)));
            into.Add(FirstVowel + (syllable / Trails % Vowels));
            if (syllable % Trails != 0) into.Add(TrailBase + (syllable % Trails));
        }
        else if (Decomposed.TryGetValue(point, out var parts) || (compatible && Compatible.TryGetValue(point, out parts)))
        {
            foreach (var part in parts) Decompose(part, compatible, into);
        }
        else
        {
            into.Add(point);
        }
    }

    /// <summary>Sorts every run of combining marks by class; the sort is stable, as the standard asks.</summary>
    private static void OrderMarks(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            if (ClassOf(points[start]) == 0) continue;
            var end = start + 1;
            while (end < points.Count && ClassOf(points[end]) != 0) end++;
            if (end - start > 1)
            {
                int[] ordered = [.. points.GetRange(start, end - start).OrderBy(ClassOf)];
                for (var i = 0; i < ordered.Length; i++) points[start + i] = ordered[i];
            }
            start = end;
        }
    }

    private static void Compose(List<int> points)
    {
        var written = 0;
        var starter = -1;
        for (var read = 0; read < points.Count; read++)
        {
            var point = points[read];
            var lastClass = written == 0 || written - 1 == starter ? -1 : ClassOf(points[written - 1]);
            if (starter >= 0 && lastClass < ClassOf(point) && Pair(points[starter], point) is { } composed)
            {
                points[starter] = composed;
                continue;
            }
            if (ClassOf(point) == 0) starter = written;
            points[written++] = point;
        }
        points.RemoveRange(written, points.Count - written);
    }

    private static int? Pair(int first, int second)
    {
        int lead = first - FirstLead, vowel = second - FirstVowel;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels) return FirstSyllable + (((lead * Vowels) + vowel) * Trails);
        int syllable = first - FirstSyllable, trail = second - TrailBase;
        if (syllable is >= 0 and < Syllables && syllable % Trails == 0 && trail is > 0 and < Trails) return first + trail;
        return Composed.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private static int ClassOf(int point) => point < 0x300 ? 0 : Class.GetValueOrDefault(point);
}
