using System.Globalization;
using Google.Protobuf.Reflection;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>Reads <c>--set key=value</c>; keys and types are those of the message in jobs.proto, so a new field needs nothing here.</summary>
public static class HyperparameterSettings
{
    public static Hyperparameters Parse(IEnumerable<string> settings)
    {
        var hyperparameters = new Hyperparameters();
        foreach (var setting in settings)
        {
            var (field, value) = Split(setting);
            if (field.Accessor.HasValue(hyperparameters)) throw new UsageException($"--set {field.Name}: given twice; give it once");
            field.Accessor.SetValue(hyperparameters, Read(field, value));
        }
        return hyperparameters;
    }

    private static (FieldDescriptor Field, string Value) Split(string setting)
    {
        var equals = setting.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0) throw new UsageException($"--set {setting}: not of the form key=value, for example --set steps=40");
        var key = setting[..equals];
        var field = Hyperparameters.Descriptor.FindFieldByName(key)
            ?? throw new UsageException($"--set {key}: no such hyperparameter; there are:", [.. Names()]);
        return (field, setting[(equals + 1)..]);
    }

    private static IEnumerable<string> Names() =>
        Hyperparameters.Descriptor.Fields.InDeclarationOrder().Select(field => $"{field.Name} ({TypeName(field)})");

    private static object Read(FieldDescriptor field, string value)
    {
        object? read = field.FieldType switch
        {
            FieldType.Int32 => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
            FieldType.Double => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null,
            FieldType.Bool => bool.TryParse(value, out var flag) ? flag : null,
            _ => value,
        };
        return read ?? throw new UsageException($"--set {field.Name}={value}: '{value}' is no {TypeName(field)}");
    }

    private static string TypeName(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Int32 => "integer",
        FieldType.Double => "number",
        FieldType.Bool => "true or false",
        _ => "text",
    };
}
