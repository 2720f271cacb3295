namespace RftAspire.Engine.Tokenization;

/// <summary>A text that a tokenizer's split patterns cannot work through within their bounds.</summary>
public sealed class TokenizationException(string message) : Exception(message);
