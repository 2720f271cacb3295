using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RftAspire.Judge.Prompts;

/// <summary>
/// Keeps text that nobody vouches for apart from instructions. The boundary is a digest of the whole request: the text would have to
/// contain its own digest to forge it, and the same request still gets the same prompt. Every line of the text is marked, so that
/// whatever stands at the beginning of a line without the mark is not from it, in any alphabet.
/// </summary>
internal sealed partial class Fence(string boundary)
{
    public const string Mark = "| ";

    public string Boundary => boundary;

    public string Begin(string name) => $"[[data {boundary} {name}]]";

    public string End => $"[[end {boundary}]]";

    /// <summary>The text between two lines of the boundary, which stand on lines of their own.</summary>
    public string Wrap(string name, string text)
    {
        var wrapped = new StringBuilder().Append('\n').Append(Begin(name)).Append('\n');
        foreach (var line in LineBreak().Split(Defuse(text))) wrapped.Append(Mark).Append(line).Append('\n');
        return wrapped.Append(End).Append('\n').ToString();
    }

    /// <summary>Whether an answer repeats what only a prompt can have.</summary>
    public bool IsIn(string answer) => answer.Contains(boundary, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Turns control tokens of chat templates into plain text, by a backslash after their first letter (servers look for them in prompts),
    /// and shows what people do not see: characters that turn the direction of text, tags and control characters.
    /// </summary>
    private static string Defuse(string text) =>
        ControlToken().Replace(Invisible().Replace(text, match => @"\u{" + char.ConvertToUtf32(match.Value, 0).ToString("X4", CultureInfo.InvariantCulture) + "}"), @"$0\");

    // Some characters of the list are pairs in UTF-16; half a pair, which is no text, becomes U+FFFD when the prompt is sent.
    [GeneratedRegex(@"[\u0000-\u0008\u000E-\u001B\u001F\u007F\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]|\uDB40[\uDC00-\uDC7F]")]
    private static partial Regex Invisible();

    [GeneratedRegex("""
        <(?=[|\uFF5C]) | <(?=/?(?:s|bos|eos|pad|unk|start_of_turn|end_of_turn|think|tool_call|sp|unused\d+)>) | <(?=</?SYS>>) | \[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS)\])
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ControlToken();

    [GeneratedRegex(@"\r\n|[\n\r\u000B\u000C\u001C-\u001E\u0085\u2028\u2029]")]
    private static partial Regex LineBreak();
}
