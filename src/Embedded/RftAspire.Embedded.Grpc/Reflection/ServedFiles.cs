using System.Reflection;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Routing;

namespace RftAspire.Embedded.Grpc.Reflection;

/// <summary>The <c>.proto</c> files behind the services that are mapped, read when the first caller asks.</summary>
internal sealed class ServedFiles
{
    private readonly Lazy<Dictionary<string, FileDescriptor>> _byName;
    private readonly Lazy<Dictionary<string, FileDescriptor>> _bySymbol;
    private readonly Lazy<List<ServiceDescriptor>> _services;

    public ServedFiles(EndpointDataSource endpoints)
    {
        _services = new(() => FindServices(endpoints));
        _byName = new(() => _services.Value.SelectMany(service => WithImports(service.File))
            .DistinctBy(file => file.Name).ToDictionary(file => file.Name));
        _bySymbol = new(() => _byName.Value.Values.SelectMany(file => SymbolsOf(file).Select(symbol => (symbol.FullName, file)))
            .ToDictionary(symbol => symbol.FullName, symbol => symbol.file));
    }

    /// <summary>Full names in order.</summary>
    public IEnumerable<string> Services => _services.Value.Select(service => service.FullName);

    public FileDescriptor? Named(string name) => _byName.Value.GetValueOrDefault(name);

    public FileDescriptor? Declaring(string symbol) => _bySymbol.Value.GetValueOrDefault(symbol);

    /// <summary>A file and all that it imports, directly or not.</summary>
    public static IEnumerable<FileDescriptor> WithImports(FileDescriptor file) =>
        file.Dependencies.SelectMany(WithImports).Prepend(file).DistinctBy(one => one.Name);

    private static List<ServiceDescriptor> FindServices(EndpointDataSource endpoints) =>
    [
        .. endpoints.Endpoints
            .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
            .OfType<Type>().Distinct()
            .Select(DescriptorOf).OfType<ServiceDescriptor>()
            .OrderBy(service => service.FullName, StringComparer.Ordinal),
    ];

    // Grpc.Tools puts the descriptor beside the generated base class.
    private static ServiceDescriptor? DescriptorOf(Type service)
    {
        for (var type = service; type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is { } bind)
            {
                return bind.BindType.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor;
            }
        }
        return null;
    }

    private static IEnumerable<IDescriptor> SymbolsOf(FileDescriptor file) =>
    [
        .. file.Services, .. file.Services.SelectMany(service => service.Methods),
        .. file.MessageTypes.SelectMany(SymbolsOf), .. file.EnumTypes,
    ];

    private static IEnumerable<IDescriptor> SymbolsOf(MessageDescriptor message) =>
        [message, .. message.EnumTypes, .. message.NestedTypes.SelectMany(SymbolsOf)];
}
