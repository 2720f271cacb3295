using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using StackExchange.Redis;

namespace RftAspire.Jobs.Access;

/// <summary>
/// The keys that no key was needed to make: the one of <see cref="AccessOptions.AdminKey"/>, and the development key in its file.
/// Redis that has lost them gets them again; one that was revoked stays so.
/// </summary>
public sealed partial class FirstKeys(KeyStore keys, IOptions<AccessOptions> options, TimeProvider clock, ILogger<FirstKeys> logger) : BackgroundService
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    // Whoever sees the service listen finds the keys in place; a Redis that comes later gets them later.
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await TryRegisterAsync()) await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        do await Task.Delay(s_pause, stoppingToken);
        while (!await TryRegisterAsync());
    }

    private async Task<bool> TryRegisterAsync()
    {
        try
        {
            var (admin, file) = (options.Value.AdminKey, options.Value.DevKeyFile);
            if (admin.Length > 0) await keys.AddAsync(AdminKey("Access:AdminKey"), admin);
            if (file.Length > 0) await keys.AddAsync(AdminKey("development"), ReadOrMake(Path.GetFullPath(file)));
            return true;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return false;
        }
    }

    private ApiKey AdminKey(string name) =>
        new() { Name = name, Tenant = Caller.DefaultTenant, Role = Role.Admin, CreatedAt = clock.GetUtcNow().ToTimestamp() };

    // The file comes before the record: a key that is known to the file alone is registered at the next start.
    private string ReadOrMake(string file)
    {
        if (!File.Exists(file))
        {
            Write(file, KeySecret.New());
            LogMade(file);
        }
        var secret = File.ReadAllText(file).Trim();
        return KeySecret.IsWellFormed(secret) ? secret
            : throw new InvalidOperationException($"{file} (Access:DevKeyFile) holds no API key: delete it, and the next start makes one");
    }

    private static void Write(string file, string secret)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var temporary = $"{file}.{Guid.NewGuid():N}.tmp";
        var form = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) form.UnixCreateMode = OwnerOnly;
        using (var stream = new FileStream(temporary, form))
        using (var writer = new StreamWriter(stream))
        {
            writer.WriteLine(secret);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A key for developing, of role admin, is in {File}: rft finds it by itself, other clients take the file's content as their API key")]
    private partial void LogMade(string file);
}
