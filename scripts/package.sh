#!/usr/bin/env bash
# Packs RftAspire.Client and builds its README's sample against the package, in a project outside of the checkout.
# With --run it is also run, against the platform at RFT_SERVER with the key in RFT_API_KEY.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
outside=$(mktemp -d /tmp/rft-package.XXXXXX)
trap 'rm -rf "$outside"' EXIT
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
known=$(dotnet nuget locals global-packages --list --force-english-output | sed 's/^global-packages: //')

dotnet pack "$root/src/RftAspire.Client" -o "$outside/feed" -p:ContinuousIntegrationBuild=true --nologo -v q

# A package folder of its own, since a version that was restored once is never read again.
mkdir "$outside/program"
cd "$outside/program"
cat >nuget.config <<XML
<configuration>
  <config><add key="globalPackagesFolder" value="$outside/packages" /></config>
  <fallbackPackageFolders><add key="known" value="$known" /></fallbackPackageFolders>
  <packageSources><add key="packed" value="$outside/feed" /></packageSources>
</configuration>
XML
cat >program.csproj <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <WarningsNotAsErrors>NU1900;NU1901;NU1902;NU1903;NU1904</WarningsNotAsErrors>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="RftAspire.Client" Version="*" /></ItemGroup>
</Project>
XML
sed -n '/^```csharp$/,/^```$/p' "$root/src/RftAspire.Client/README.md" | grep -v '^```' >Program.cs
dotnet build --nologo -v q
echo "the sample of RftAspire.Client builds against its package"

[ "${1:-}" = --run ] || exit 0
cp "$root/samples/eurovoc/train.jsonl" "$root/samples/eurovoc/grader.json" .
[ -z "${RFT_SERVER:-}" ] || sed -i "s|RftClient.DefaultAddress|new Uri(\"$RFT_SERVER\")|" Program.cs
dotnet run --nologo -v q
