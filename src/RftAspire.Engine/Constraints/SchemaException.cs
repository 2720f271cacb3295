namespace RftAspire.Engine.Constraints;

/// <summary>A JSON schema that is malformed, outside the supported part, unsatisfiable, or too large to decode under.</summary>
public sealed class SchemaException(string path, string message, Exception? inner = null) : Exception($"schema at {path}: {message}", inner)
{
    /// <summary>Where in the schema, as a JSON pointer in fragment form: "#/properties/name/minLength".</summary>
    public string Path { get; } = path;
}
