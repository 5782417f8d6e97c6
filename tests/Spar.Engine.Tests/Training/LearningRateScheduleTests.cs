using System.Text.Json;
using Spar.Engine.Training;

namespace Spar.Engine.Tests.Training;

public class LearningRateScheduleTests
{
    [Fact]
    public void Tables_of_the_reference()
    {
        int tables = 0;
        foreach (
            JsonProperty table in Fixture.Json("training", "lr_schedules.json").GetProperty("tables").EnumerateObject()
        )
        {
            LearningRateKind kind = table.Value.GetProperty("kind").GetString() switch
            {
                "linear" => LearningRateKind.Linear,
                "cosine" => LearningRateKind.Cosine,
                _ => LearningRateKind.Constant,
            };
            LearningRateSchedule schedule = new(
                kind,
                table.Value.GetProperty("base_lr").GetDouble(),
                table.Value.GetProperty("total_steps").GetInt32(),
                table.Value.GetProperty("warmup_ratio").GetDouble()
            );
            Assert.Equal(table.Value.GetProperty("warmup_steps").GetInt32(), schedule.WarmupSteps);
            double[] expected = Fixture.Doubles(table.Value.GetProperty("lr"));
            for (int step = 0; step < expected.Length; step++)
            {
                Assert.Equal(expected[step], schedule.At(step), 1e-9);
            }

            tables++;
        }

        Assert.Equal(6, tables);
    }
}
