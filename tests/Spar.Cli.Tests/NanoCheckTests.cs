using Spar.Ground;
using Spar.Methods.Checks;
using Spar.Nano;
using Spar.Runtime.Nano;
using Spar.Templates;

namespace Spar.Cli.Tests;

/// <summary>The nano world's checks as expressions: they hold for the same responses as the world's own.</summary>
public sealed class NanoCheckTests
{
    [Fact]
    public void An_expression_says_what_the_constraint_says()
    {
        SeededRandom random = SeededRandom.Scrambled(5);
        int satisfied = 0;
        for (int i = 0; i < 600; i++)
        {
            NanoTask task = TaskSampler.Draw(random, i % 2 == 0 ? TaskForm.Line : TaskForm.Story);
            string response = i % 3 == 0 ? Writer.Write(task, random) : Writer.Careless(task, random, 0.5);
            IReadOnlyList<Finding> findings = task.Check(response);
            for (int n = 0; n < findings.Count; n++)
            {
                string source = NanoCheckWriter.Expression(task.Requirements[n]);
                (CheckExpression? check, string? fault) = CheckExpression.Parse(source);
                Assert.Null(fault);
                Assert.True(check!.Holds(response) == findings[n].Followed, $"{source} on: {response}");
            }

            satisfied += task.IsSatisfiedBy(response) ? 1 : 0;
        }

        Assert.InRange(satisfied, 200, 500);
    }

    [Theory]
    [InlineData(0.0, 0.0, 0.0)]
    [InlineData(0.3, 0.2, 0.4)]
    public async Task Mistakes_come_at_the_stated_rate(double error, double least, double most)
    {
        NanoCheckWriter writer = new(TemplateSet.Load("compact"), error);
        SeededRandom random = SeededRandom.Scrambled(9);
        int wrong = 0;
        int cases = 0;
        int mislabelled = 0;
        for (ulong i = 0; i < 300; i++)
        {
            NanoTask task = TaskSampler.Draw(random, TaskForm.Line);
            string[] lines = (
                await writer.WriteAsync(task.Instruction, i, TestContext.Current.CancellationToken)
            ).Text.Split('\n');
            wrong +=
                lines[0] == $"check: {string.Join(" and ", task.Requirements.Select(NanoCheckWriter.Expression))}"
                    ? 0
                    : 1;
            foreach (string line in lines[1..])
            {
                cases++;
                bool said = line.StartsWith("case yes: ", StringComparison.Ordinal);
                mislabelled +=
                    said == task.IsSatisfiedBy(line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]) ? 0 : 1;
            }
        }

        Assert.InRange(wrong / 300.0, least, most);
        Assert.InRange(mislabelled / (double)cases, least, most);
        Assert.True(cases > 1000);
    }
}
