using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A text with holes that are filled when the application runs.</summary>
public sealed class ReferenceExpression : IManifestExpressionProvider, IValueProvider
{
    private readonly IReadOnlyList<Part> parts;

    private ReferenceExpression(IReadOnlyList<Part> parts) => this.parts = parts;

    public IReadOnlyList<IValueProvider> ValueProviders => [.. parts.Where(part => part.Provider is not null).Select(part => part.Provider!)];

    public string ValueExpression => string.Concat(parts.Select(part => (part.Provider as IManifestExpressionProvider)?.ValueExpression ?? part.Literal));

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => handler.Build();

    /// <summary>The text, or null when a hole has no value.</summary>
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            var value = part.Provider is null ? part.Literal : await part.Provider.GetValueAsync(cancellationToken);
            if (value is null) return null;
            text.Append(part.Format == "uri" ? Uri.EscapeDataString(value) : value);
        }
        return text.ToString();
    }

    private sealed record Part(string? Literal, IValueProvider? Provider, string? Format);

    /// <summary>Lets the compiler turn an interpolated string into an expression.</summary>
    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        private readonly List<Part> parts = new(formattedCount + (literalLength > 0 ? formattedCount + 1 : 0));

        public readonly void AppendLiteral(string value) => parts.Add(new(value, null, null));
        public readonly void AppendFormatted(string? value) => parts.Add(new(value ?? "", null, null));
        public readonly void AppendFormatted(string? value, string? format) => parts.Add(new(value ?? "", null, format));

        public readonly void AppendFormatted<T>(T valueProvider, string? format = null) where T : IValueProvider, IManifestExpressionProvider =>
            parts.Add(new(null, valueProvider, format));

        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider =>
            parts.Add(new(null, valueProvider.Resource, format));

        internal readonly ReferenceExpression Build() => new([.. parts]);
    }
}
