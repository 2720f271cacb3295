using Microsoft.OpenApi;

namespace RftAspire.Jobs.OpenAi;

/// <summary>A query parameter that a route reads by itself: metadata of the endpoint, for the document.</summary>
internal sealed record QueryParameter(string Name, string Type, string Description);

/// <summary>The body that a route reads by itself: metadata of the endpoint, for the document. Routing does not choose by it.</summary>
internal sealed record RequestDocument(Type Type, string ContentType);

/// <summary>What the document says of a route.</summary>
internal static class DocumentedRoutes
{
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder route, string summary) => route.WithSummary(summary);

    public static RouteHandlerBuilder Reads<T>(this RouteHandlerBuilder route, string contentType = "application/json") =>
        route.WithMetadata(new RequestDocument(typeof(T), contentType));

    public static RouteHandlerBuilder Takes(this RouteHandlerBuilder route, string name, string type, string description) =>
        route.WithMetadata(new QueryParameter(name, type, description));

    public static RouteHandlerBuilder TakesPage(this RouteHandlerBuilder route) => route
        .Takes("limit", "integer", "elements of the page at most").Takes("after", "string", "the last id of the page before");
}

/// <summary>The OpenAPI document at /v1/openapi.json.</summary>
internal static class OpenApiDocumentation
{
    public const string Path = "/v1/openapi.json";

    private static readonly int[] s_errors = [400, 401, 403, 404, 408, 409, 413, 429, 500, 503];

    public static void AddDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.ShouldInclude = route => route.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "RftAspire", Version = "v1", Description = "Reinforcement fine-tuning in the shapes of the OpenAI API." };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme> { ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" } };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(async (operation, context, cancellation) =>
        {
            var metadata = context.Description.ActionDescriptor.EndpointMetadata;
            if (metadata.OfType<RequestDocument>().FirstOrDefault() is { } body)
            {
                var schema = await context.GetOrCreateSchemaAsync(body.Type, null, cancellation);
                operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { [body.ContentType] = new() { Schema = schema } } };
            }
            foreach (var parameter in metadata.OfType<QueryParameter>())
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = parameter.Name,
                    In = ParameterLocation.Query,
                    Description = parameter.Description,
                    Schema = new OpenApiSchema { Type = parameter.Type == "integer" ? JsonSchemaType.Integer : JsonSchemaType.String },
                });
            }
        });
    });

    /// <summary>Every route of a group may answer with these errors.</summary>
    public static RouteGroupBuilder TellsErrors(this RouteGroupBuilder group)
    {
        foreach (var status in s_errors) group.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ErrorBody), ["application/json"]));
        return group;
    }
}
