using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Services.Tests.Jobs.Access;

public sealed class FirstKeysTests : IAsyncLifetime
{
    private readonly RedisServer _redis = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rft-keys-");
    private readonly LogLines _log = new();

    private string KeyFile => Path.Combine(_folder.FullName, "data", "dev-key");
    private string Secret => File.ReadAllText(KeyFile).Trim();
    private KeyStore Store => new(_redis.Connect(), TimeProvider.System);

    public Task InitializeAsync() => _redis.InitializeAsync();

    public async Task DisposeAsync()
    {
        await _redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [RedisFact, UnsupportedOSPlatform("windows")]
    public async Task Start_NoFile_MakesAnAdminKeyForItsOwnerAlone()
    {
        await StartAsync(new() { DevKeyFile = KeyFile });

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        var key = (await Store.FindInForceAsync(Secret))!;
        Assert.Equal((Role.Admin, "default"), (key.Role, key.Tenant));
        Assert.Equal([KeyFile], Directory.GetFiles(Path.GetDirectoryName(KeyFile)!));
    }

    [RedisFact]
    public async Task Start_Again_KeepsTheKeyAndTellsOfItOnce()
    {
        await StartAsync(new() { DevKeyFile = KeyFile });
        var first = Secret;
        await StartAsync(new() { DevKeyFile = KeyFile });

        Assert.Equal(first, Secret);
        Assert.Contains(KeyFile, Assert.Single(_log.Lines), StringComparison.Ordinal);
        Assert.DoesNotContain(first, _log.Lines.Single(), StringComparison.Ordinal);
        Assert.Single(await Store.ListAsync("default"));
    }

    [RedisFact]
    public async Task Start_RedisHasLostTheKey_RegistersItAgain()
    {
        await StartAsync(new() { DevKeyFile = KeyFile });
        var before = (await Store.FindInForceAsync(Secret))!.Id;
        await _redis.Connect().GetDatabase().ExecuteAsync("FLUSHALL");

        await StartAsync(new() { DevKeyFile = KeyFile });

        Assert.Equal(before, (await Store.FindInForceAsync(Secret))!.Id);
    }

    [RedisFact]
    public async Task Start_KeyWasRevoked_StaysSo()
    {
        await StartAsync(new() { DevKeyFile = KeyFile, AdminKey = KeySecret.New() });
        await Store.RevokeAsync((await Store.FindInForceAsync(Secret))!.Id);

        await StartAsync(new() { DevKeyFile = KeyFile });

        Assert.Null(await Store.FindInForceAsync(Secret));
    }

    [RedisFact]
    public async Task Start_AdminKeyOfTheSettings_IsRegistered()
    {
        var secret = KeySecret.New();

        await StartAsync(new() { AdminKey = secret });

        Assert.Equal(Role.Admin, (await Store.FindInForceAsync(secret))!.Role);
        Assert.Empty(_log.Lines);
    }

    [RedisFact]
    public async Task Start_FileHoldsNoKey_SaysWhatToDo()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(KeyFile)!);
        await File.WriteAllTextAsync(KeyFile, "hello");

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(new() { DevKeyFile = KeyFile }));
        Assert.Contains("delete it", error.Message, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Start_RedisComesLater_RegistersThen()
    {
        _redis.Kill();
        var client = _redis.Connect();
        using var first = New(new() { DevKeyFile = KeyFile }, new KeyStore(client, TimeProvider.System));
        await first.StartAsync(default);
        await _redis.StartAsync();

        await first.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.NotNull(await Store.FindInForceAsync(Secret));
    }

    private async Task StartAsync(AccessOptions options)
    {
        using var first = New(options, Store);
        await first.StartAsync(default);
        await first.StopAsync(default);
    }

    private FirstKeys New(AccessOptions options, KeyStore store) => new(store, Options.Create(options), TimeProvider.System, _log);

    private sealed class LogLines : ILogger<FirstKeys>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
