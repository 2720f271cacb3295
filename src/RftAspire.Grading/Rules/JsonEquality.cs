using System.Text.Json;

namespace RftAspire.Grading.Rules;

/// <summary>When two JSON values are the same: by value, with null the same as none.</summary>
/// <param name="tolerance">Distance at which numbers are still equal.</param>
/// <param name="arraysAsSets">Whether order and repetition in arrays do not count.</param>
internal sealed class JsonEquality(double tolerance, bool arraysAsSets)
{
    public bool Holds(JsonElement? one, JsonElement? other)
    {
        var (a, b) = (OrNull(one), OrNull(other));
        if (a is null || b is null) return a is null && b is null;
        return (a.Value.ValueKind, b.Value.ValueKind) switch
        {
            (JsonValueKind.Number, JsonValueKind.Number) when tolerance > 0 => Math.Abs(a.Value.GetDouble() - b.Value.GetDouble()) <= tolerance,
            (JsonValueKind.Array, JsonValueKind.Array) => arraysAsSets ? SameSet(a.Value, b.Value) : SameOrder(a.Value, b.Value),
            (JsonValueKind.Object, JsonValueKind.Object) => SameFields(a.Value, b.Value),
            var (kind, otherKind) => kind == otherKind && JsonElement.DeepEquals(a.Value, b.Value),
        };
    }

    private bool SameOrder(JsonElement one, JsonElement other)
    {
        if (one.GetArrayLength() != other.GetArrayLength()) return false;
        var items = other.EnumerateArray();
        foreach (var item in one.EnumerateArray())
        {
            if (!items.MoveNext() || !Holds(item, items.Current)) return false;
        }
        return true;
    }

    // Every pair once: a pass in each direction would double the work at every level of nesting.
    private bool SameSet(JsonElement one, JsonElement other)
    {
        var matched = new bool[other.GetArrayLength()];
        foreach (var item in one.EnumerateArray())
        {
            var (found, index) = (false, 0);
            foreach (var candidate in other.EnumerateArray())
            {
                if (Holds(item, candidate)) found = matched[index] = true;
                index++;
            }
            if (!found) return false;
        }
        return !matched.Contains(false);
    }

    private bool SameFields(JsonElement one, JsonElement other)
    {
        foreach (var field in one.EnumerateObject())
        {
            if (!Holds(field.Value, other.TryGetProperty(field.Name, out var value) ? value : null)) return false;
        }
        foreach (var field in other.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Null && !one.TryGetProperty(field.Name, out _)) return false;
        }
        return true;
    }

    private static JsonElement? OrNull(JsonElement? value) => value is { ValueKind: JsonValueKind.Null } ? null : value;
}
