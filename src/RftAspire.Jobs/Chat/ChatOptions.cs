using System.ComponentModel.DataAnnotations;

namespace RftAspire.Jobs.Chat;

/// <summary>Section <c>Jobs:Chat</c>.</summary>
public sealed class ChatOptions
{
    /// <summary>How long an answer may take.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ConvertValueInInvariantCulture = true)]
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a request waits for a worker to take it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00", ConvertValueInInvariantCulture = true)]
    public TimeSpan Patience { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A request of which nothing is heard for so long is sent again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00", ConvertValueInInvariantCulture = true)]
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A stream that has had no event for so long gets a comment, so that no proxy takes it for dead.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00", ConvertValueInInvariantCulture = true)]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(15);
}
