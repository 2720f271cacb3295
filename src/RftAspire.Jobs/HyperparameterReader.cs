using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>Checks single hyperparameters; each value out of range is added to the faults and given back as it is.</summary>
internal sealed class HyperparameterReader(List<Violation> faults)
{
    public int Whole(string field, int value, int least, int most)
    {
        if (value < least || value > most) Add(field, $"{value} is out of range; a whole number from {least} to {most}");
        return value;
    }

    // Not a number is in no range.
    public double Real(string field, double value, double least, double most)
    {
        if (!(value >= least && value <= most)) Add(field, $"{Text(value)} is out of range; at least {Text(least)} and at most {Text(most)}");
        return value;
    }

    public double Above(string field, double value, double least, double most)
    {
        if (!(value > least && value <= most)) Add(field, $"{Text(value)} is out of range; more than {Text(least)} and at most {Text(most)}");
        return value;
    }

    public double Share(string field, double value)
    {
        if (!(value >= 0 && value < 1)) Add(field, $"{Text(value)} is out of range; at least 0 and less than 1");
        return value;
    }

    public T Name<T>(string field, string value) where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
            if (NameOf(candidate) == value) return candidate;
        Add(field, $"'{value}' is unknown; one of {string.Join(", ", Enum.GetValues<T>().Select(NameOf))}");
        return default;
    }

    public void OneOf(string field, bool given, string other, bool otherGiven)
    {
        if (given && otherGiven) Add(field, $"stands in place of {other}, which is given too; leave one of them out");
    }

    public void Add(string field, string description) => faults.Add(new Violation("hyperparameters." + field, description));

    public static string NameOf<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    public static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
