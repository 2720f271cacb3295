using System.ComponentModel.DataAnnotations;

namespace RftAspire.Jobs.Webhooks;

/// <summary>Section <c>Jobs:Webhooks</c>.</summary>
public sealed class WebhooksOptions
{
    /// <summary>Hosts that webhooks may name, host or host:port, with commas between them.</summary>
    [Required]
    public string AllowedHosts { get; set; } = "localhost, 127.0.0.1, ::1";

    /// <summary>How long one try may take.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause after the first try; each next one is five times as long.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Tries in all; the eight of the default take about two days.</summary>
    [Range(1, 20)]
    public int Tries { get; set; } = 8;

    /// <summary>How often due deliveries are looked for.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);
}
