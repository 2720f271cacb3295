namespace RftAspire.Jobs.OpenAi;

/// <summary>A fault that the REST face itself finds, before any use case is called.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What is wrong, with the value, and how to mend it.</param>
/// <param name="param">The field or parameter at fault.</param>
/// <param name="code">Stable snake_case name of the fault.</param>
public sealed class OpenAiException(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;
    public string? Param { get; } = param;
    public string? Code { get; } = code;

    /// <summary>400 for one field: where it is, what it is, what it should be.</summary>
    public static OpenAiException Invalid(string param, string fault, string code = "invalid_value") =>
        new(StatusCodes.Status400BadRequest, $"{param}: {fault}", param, code);
}
