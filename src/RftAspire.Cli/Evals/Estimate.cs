using System.Globalization;
using System.Text.Json.Nodes;

namespace RftAspire.Cli.Evals;

/// <summary>A mean with its bootstrap 95 % interval; NaN where nothing was graded.</summary>
public sealed record Estimate(double Mean, double Low, double High)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mean:0.000} [{Low:0.00}, {High:0.00}]");

    public string AsGain() => $"{WithSign(Mean, 3)} [{WithSign(Low, 2)}, {WithSign(High, 2)}]";

    /// <summary>With its sign. Rounded first: of a small negative number the format would print both signs.</summary>
    public static string WithSign(double value, int digits) =>
        (Math.Round(value, digits) + 0.0).ToString(digits == 3 ? "+0.000;-0.000" : "+0.00;-0.00", CultureInfo.InvariantCulture);

    public JsonObject ToJson() => new() { ["mean"] = JsonMean, ["interval"] = JsonInterval };

    public JsonValue? JsonMean => Number(Mean);
    public JsonArray JsonInterval => [Number(Low), Number(High)];

    public static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
