namespace RftAspire.Grading.Text;

/// <summary>
/// English words without their endings: the rules of M. F. Porter, "An algorithm for suffix stripping", 1980, as printed there. Words of
/// one or two letters, and of other letters than a to z, stay as they are.
/// </summary>
internal static class PorterStemmer
{
    private static readonly (string Ending, string Instead)[] s_step2 = Longest(
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("abli", "able"), ("alli", "al"),
        ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"),
        ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"));

    private static readonly (string Ending, string Instead)[] s_step3 = Longest(
        ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""));

    private static readonly (string Ending, string Instead)[] s_step4 = Longest(
        ("al", ""), ("ance", ""), ("ence", ""), ("er", ""), ("ic", ""), ("able", ""), ("ible", ""), ("ant", ""), ("ement", ""),
        ("ment", ""), ("ent", ""), ("ion", ""), ("ou", ""), ("ism", ""), ("ate", ""), ("iti", ""), ("ous", ""),
        ("ive", ""), ("ize", ""));

    public static string Stem(string word)
    {
        if (word.Length <= 2 || !word.All(char.IsAsciiLetterLower)) return word;
        word = RestoreEnding(Plural(word));
        if (word is [.., 'y'] && HasVowel(word[..^1])) word = word[..^1] + "i";
        word = Replace(word, s_step2, above: 0);
        word = Replace(word, s_step3, above: 0);
        word = Replace(word, s_step4, above: 1);
        return Tidy(word);
    }

    // Step 1a.
    private static string Plural(string word) => word switch
    {
        [.., 's', 's', 'e', 's'] or [.., 'i', 'e', 's'] => word[..^2],
        [.., 's', 's'] => word,
        [.., 's'] => word[..^1],
        _ => word,
    };

    // Step 1b.
    private static string RestoreEnding(string word)
    {
        if (word.EndsWith("eed", StringComparison.Ordinal)) return Measure(word.AsSpan(0, word.Length - 3)) > 0 ? word[..^1] : word;
        var ending = word.EndsWith("ed", StringComparison.Ordinal) ? 2 : word.EndsWith("ing", StringComparison.Ordinal) ? 3 : 0;
        if (ending == 0 || !HasVowel(word[..^ending])) return word;
        var stem = word[..^ending];
        if (stem is [.., 'a', 't'] or [.., 'b', 'l'] or [.., 'i', 'z']) return stem + "e";
        if (EndsDouble(stem) && stem[^1] is not ('l' or 's' or 'z')) return stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    // Steps 2 to 4: the longest ending decides, whether or not what is before it is long enough.
    private static string Replace(string word, (string Ending, string Instead)[] rules, int above)
    {
        foreach (var (ending, instead) in rules)
        {
            if (!word.EndsWith(ending, StringComparison.Ordinal)) continue;
            var stem = word[..^ending.Length];
            return Measure(stem) > above && (ending != "ion" || stem[^1] is 's' or 't') ? stem + instead : word;
        }
        return word;
    }

    // Step 5.
    private static string Tidy(string word)
    {
        if (word is [.. var stem, 'e'] && Measure(stem) is var measure && (measure > 1 || (measure == 1 && !EndsShort(stem)))) word = stem;
        return word is [.., 'l', 'l'] && Measure(word) > 1 ? word[..^1] : word;
    }

    // Porter's m: how often a vowel is followed by a consonant.
    private static int Measure(ReadOnlySpan<char> stem)
    {
        var measure = 0;
        for (var index = 1; index < stem.Length; index++)
        {
            if (!IsVowel(stem, index) && IsVowel(stem, index - 1)) measure++;
        }
        return measure;
    }

    private static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(index => IsVowel(stem, index));

    private static bool IsVowel(ReadOnlySpan<char> word, int index) =>
        word[index] is 'a' or 'e' or 'i' or 'o' or 'u' || (word[index] == 'y' && index > 0 && !IsVowel(word, index - 1));

    private static bool EndsDouble(string stem) => stem.Length > 1 && stem[^1] == stem[^2] && !IsVowel(stem, stem.Length - 1);

    // Porter's *o: consonant, vowel, consonant other than w, x and y.
    private static bool EndsShort(string stem) => stem.Length > 2 && stem[^1] is not ('w' or 'x' or 'y')
        && !IsVowel(stem, stem.Length - 1) && IsVowel(stem, stem.Length - 2) && !IsVowel(stem, stem.Length - 3);

    private static (string, string)[] Longest(params (string Ending, string Instead)[] rules) =>
        [.. rules.OrderByDescending(rule => rule.Ending.Length)];
}
