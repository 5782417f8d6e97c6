#!/usr/bin/env bash
# Packs the libraries into a folder and uses them as a newcomer would: a test project elsewhere that knows nothing of the repository. Needs a built
# solution (dotnet build -c Release).
#   tests/packages.sh
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for library in Spar.Ground Spar.Calls Spar.Evaluation Spar Spar.Evaluators; do
    dotnet pack "src/$library" -c Release --no-build -o "$work/packages" -v q -nologo
done

mkdir "$work/newcomer"
cd "$work/newcomer"
cp "$root/global.json" .
version() { grep -oE "Include=\"$1\" Version=\"[^\"]+" "$root/Directory.Packages.props" | grep -oE '[^"]+$'; }
cat > newcomer.csproj <<X
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <OutputType>Exe</OutputType>
    <ImplicitUsings>enable</ImplicitUsings>
    <RestoreAdditionalProjectSources>$work/packages</RestoreAdditionalProjectSources>
    <RestorePackagesPath>$work/restored</RestorePackagesPath>
    <RestoreFallbackFolders>${NUGET_PACKAGES:-$HOME/.nuget/packages}</RestoreFallbackFolders>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Spar.Evaluators" Version="0.1.0" />
    <PackageReference Include="Microsoft.NET.Test.Sdk" Version="$(version Microsoft.NET.Test.Sdk)" />
    <PackageReference Include="xunit.v3" Version="$(version xunit.v3)" />
    <PackageReference Include="xunit.runner.visualstudio" Version="$(version xunit.runner.visualstudio)" />
  </ItemGroup>
</Project>
X
cat > NewcomerTests.cs <<'X'
using Microsoft.Extensions.AI.Evaluation;
using Spar.Evaluators;
using Xunit;

public class NewcomerTests
{
    // A rule of each set, and the data that travels within the assemblies: tagger, syllables, languages, sentences.
    [Theory]
    [InlineData("punctuation:no_comma", "{}", "The sea is calm today.", true)]
    [InlineData("language:response_language", "{\"language\": \"de\"}", "Das Meer ist heute ruhig und die Luft klar.", true)]
    [InlineData("length_constraints:number_sentences", "{\"num_sentences\": 2, \"relation\": \"at least\"}", "Mr. Fox left.", false)]
    [InlineData("keywords:word_once", "{\"keyword\": \"sea\"}", "The sea is no lake.", true)]
    [InlineData("words:start_verb", "{}", "Consider the sea.", true)]
    [InlineData("words:odd_even_syllables", "{}", "The sea falls.", false)]
    public async Task Constraints_are_checked(string id, string arguments, string response, bool followed)
    {
        ConstraintEvaluator evaluator = new(ConstraintsContext.Constraint(id, arguments));
        EvaluationResult result = await evaluator.EvaluateAsync(
            response, cancellationToken: TestContext.Current.CancellationToken);
        BooleanMetric metric = result.Get<BooleanMetric>(ConstraintEvaluator.AllFollowedMetric);
        Assert.True(metric.Value == followed, metric.Reason);
    }
}
X
# The packages of an earlier try must not stand in for these.
for library in spar.ground spar.calls spar.evaluation spar spar.evaluators; do
    [ ! -e "${NUGET_PACKAGES:-$HOME/.nuget/packages}/$library" ] || { echo "$library is in the package cache: remove it" >&2; exit 1; }
done
dotnet test
echo "packages: used by a newcomer"
