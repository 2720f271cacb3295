namespace RftAspire.Engine.Tokenization;

/// <summary>A chat template that is malformed, outside the supported part of Jinja, or that refuses the messages it was given.</summary>
public sealed class ChatTemplateException(string message) : Exception(message);
