using System.Text;

namespace RftAspire.Contracts.Graders;

/// <summary>Type <c>python</c>: what <c>grade(sample, item)</c> of a source returns, a finite number, not clipped.</summary>
/// <param name="Source">Field <c>source</c>: Python that defines <c>grade</c> with two parameters; at most 256 KiB of UTF-8.</param>
/// <param name="ImageTag">
/// Field <c>image_tag</c>: which of OpenAI's images to run in. Accepted so that their graders work unchanged, and without effect:
/// graders run with the interpreter and packages of this machine.
/// </param>
public sealed record PythonDefinition(string Source, string? ImageTag) : GraderDefinition("")
{
    /// <summary>Largest source, in bytes of UTF-8.</summary>
    public const int MaxSourceBytes = 256 << 10;

    /// <summary>None: which columns a program reads is not known before it runs.</summary>
    public override IEnumerable<GraderColumn> Columns => [];

    internal static PythonDefinition Read(GraderFields fields)
    {
        var source = fields.Text("source");
        if (Encoding.UTF8.GetByteCount(source) is > MaxSourceBytes and var bytes)
            throw fields.Fault("source", FormattableString.Invariant($"{bytes} bytes are more than {MaxSourceBytes}; shorten it"));
        return new(source, fields.Find("image_tag") is null ? null : fields.Text("image_tag"));
    }
}
