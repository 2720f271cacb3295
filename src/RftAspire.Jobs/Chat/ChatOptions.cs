namespace RftAspire.Jobs.Chat;

/// <summary>Section <c>Jobs:Chat</c>.</summary>
public sealed class ChatOptions
{
    /// <summary>How long an answer may take.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a request waits for a worker to take it.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A request of which nothing is heard for so long is sent again.</summary>
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(10);
}
