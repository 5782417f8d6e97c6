using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Sampling;

namespace Spar.Engine.Tests.Inference;

public class SchedulerTests
{
    private static readonly ModelConfig s_oneHead = new()
    {
        ModelType = "llama",
        VocabSize = 8,
        HiddenSize = 4,
        IntermediateSize = 4,
        LayerCount = 1,
        HeadCount = 1,
        KvHeadCount = 1,
        HeadDim = 4,
        MaxPositions = 1024,
    };

    [Fact]
    public void Equal_prompts_admitted_together_are_computed_once()
    {
        using KvCache cache = new(s_oneHead, 32);
        Scheduler scheduler = new(cache, maxSequences: 8);
        ForwardBatch batch = new(256);
        int[] prompt = [.. Enumerable.Range(0, 40).Select(i => i % 7)];
        Sequence[] sequences =
        [
            .. Enumerable.Range(1, 4).Select(n => new Sequence(n, [.. prompt], prompt.Length, new Job())),
        ];
        Array.ForEach(sequences, scheduler.Add);
        scheduler.Build(batch);

        // The first computes 40 tokens, the others the last one again for its logits.
        Assert.Equal(43, batch.Count);
        Assert.Equal(4, batch.LogitCount);
        Assert.Equal(32 - 3, scheduler.AvailableBlocks);
        Assert.Equal([0, 39, 39, 39], sequences.Select(s => s.CachedTokens));

        // With tokens of their own, they part: each but the owner gets a copy of the last block.
        for (int i = 0; i < sequences.Length; i++)
        {
            sequences[i].Append(i);
        }

        scheduler.Build(batch);
        Assert.Equal(4, batch.Count);
        Assert.Equal(4, sequences.Select(s => s.Table[2]).Distinct().Count());
        Assert.Single(sequences.Select(s => s.Table[1]).Distinct());
        Assert.Equal(32 - 6, scheduler.AvailableBlocks);

        scheduler.RemoveEnded(_ => true);
        Assert.Equal(32, scheduler.AvailableBlocks);
    }

    [Fact]
    public void What_ended_sequences_computed_is_found_until_the_memory_is_needed()
    {
        using KvCache cache = new(s_oneHead, 8);
        Scheduler scheduler = new(cache, maxSequences: 8);
        ForwardBatch batch = new(256);
        int Rows(int first, int length)
        {
            scheduler.Add(
                new Sequence(
                    1 + first,
                    [.. Enumerable.Range(0, length).Select(i => (first + i) % 8)],
                    length,
                    new Job()
                )
            );
            scheduler.Build(batch);
            scheduler.RemoveEnded(_ => true);
            return batch.Count;
        }

        Assert.Equal(50, Rows(0, 50)); // 4 blocks
        Assert.Equal(1, Rows(0, 50));
        Assert.Equal(30, Rows(1, 30)); // 2 blocks, of those never used
        Assert.Equal(1, Rows(0, 50));
        Assert.Equal(60, Rows(2, 60)); // 4 blocks: the two never used, then those of the prompt unused for longest
        Assert.Equal(1, Rows(0, 50));
        Assert.Equal(30, Rows(1, 30));
    }

    [Fact]
    public void The_youngest_gives_way_when_memory_runs_out_and_comes_back()
    {
        using KvCache cache = new(s_oneHead, 4);
        Scheduler scheduler = new(cache, maxSequences: 8);
        ForwardBatch batch = new(64);
        Sequence old = new(1, [1, 1, 1, 1], 4, new Job());
        Sequence young = new(2, [2, 2, 2, 2], 4, new Job());
        scheduler.Add(old);
        scheduler.Add(young);
        for (int i = 0; i < 44; i++)
        {
            scheduler.Build(batch);
            foreach (Sequence sequence in scheduler.Running)
            {
                sequence.Append(3);
            }
        }

        Assert.Equal(1, scheduler.Preemptions);
        Assert.Equal([old], scheduler.Running);
        Assert.Equal(48, old.Count);
        int reached = young.Count;
        Assert.InRange(reached, 30, 40);
        scheduler.RemoveEnded(sequence => sequence == old);
        scheduler.Build(batch);
        Assert.Equal([young], scheduler.Running);
        Assert.Equal(1, batch.LogitCount);
        Assert.Equal(reached - 1, batch.Positions[batch.LogitRows[0]]);
    }

    [Fact]
    public void Every_row_sees_the_tokens_before_it_whatever_is_shared_copied_evicted_or_cancelled()
    {
        Gen<(int Seed, int Blocks, int Capacity)> worlds =
            from seed in Gen.Choose(0, int.MaxValue)
            from blocks in Gen.Elements(9, 14, 40)
            from capacity in Gen.Elements(6, 20, 100)
            select (seed, blocks, capacity);
        Prop.ForAll(
                worlds.ToArbitrary(),
                world =>
                {
                    Random random = new(world.Seed);
                    using KvCache cache = new(s_oneHead, world.Blocks);
                    Scheduler scheduler = new(cache, maxSequences: 6);
                    ForwardBatch batch = new(world.Capacity);
                    int[][] stems = [.. Enumerable.Range(0, 3).Select(_ => Tokens(random, random.Next(1, 60)))];
                    List<Sequence> open = [];
                    for (int step = 0, number = 1; step < 300; step++)
                    {
                        while (open.Count < 9 && random.Next(3) == 0)
                        {
                            int[] stem = stems[random.Next(3)];
                            int[] ids =
                                random.Next(2) == 0 ? [.. stem] : [.. stem, .. Tokens(random, random.Next(1, 40))];
                            bool scores = random.Next(4) == 0;
                            Sequence sequence = new(
                                number++,
                                ids,
                                scores ? Math.Min(stem.Length, ids.Length) : ids.Length,
                                new Job { Scores = scores }
                            );
                            open.Add(sequence);
                            scheduler.Add(sequence);
                        }

                        scheduler.Build(batch);
                        Check(cache, scheduler, batch);
                        foreach (Sequence sequence in scheduler.Running)
                        {
                            Job job = (Job)sequence.Job;
                            bool reachedEnd = sequence.LogitCount > 0 && sequence.Next == sequence.Count;
                            job.Ended =
                                random.Next(40) == 0
                                || (reachedEnd && (job.Scores || sequence.Count >= 120 || random.Next(30) == 0));
                            if (reachedEnd && !job.Ended)
                            {
                                sequence.Append(random.Next(4));
                            }
                        }

                        open.RemoveAll(sequence => ((Job)sequence.Job).Ended);
                        scheduler.RemoveEnded(sequence => ((Job)sequence.Job).Ended);
                    }

                    scheduler.Clear();
                    Assert.Equal(world.Blocks, scheduler.AvailableBlocks);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static int[] Tokens(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(4))];

    /// <summary>
    /// Stands for the forward pass: every row writes a digest of its sequence up to its position into the cache; then
    /// every row must find the right digests at all positions up to its own.
    /// </summary>
    private static unsafe void Check(KvCache cache, Scheduler scheduler, ForwardBatch batch)
    {
        Dictionary<int[], float[]> digests = [];
        foreach (Sequence sequence in scheduler.Running)
        {
            float[] digest = new float[sequence.Count];
            uint hash = 7;
            for (int i = 0; i < digest.Length; i++)
            {
                hash = (hash + (uint)sequence.Ids[i] + 1) * 2654435761;
                hash ^= hash >> 15;
                digest[i] = hash >> 8; // exact in a float
            }

            digests[sequence.Table] = digest;
            Assert.True(sequence.Next <= sequence.Count);
        }

        for (int row = 0; row < batch.Count; row++)
        {
            int position = batch.Positions[row];
            *Cell(cache, batch.Tables[row], position) = digests[batch.Tables[row]][position];
        }

        for (int row = 0; row < batch.Count; row++)
        {
            float[] digest = digests[batch.Tables[row]];
            for (int position = 0; position <= batch.Positions[row]; position++)
            {
                Assert.Equal(digest[position], *Cell(cache, batch.Tables[row], position));
            }
        }
    }

    private static unsafe float* Cell(KvCache cache, int[] table, int position) =>
        cache.Keys(0, table[position / 16]) + (position % 16);

    private sealed class Job : SequenceJob
    {
        public override int TokensLeft(Sequence sequence) => 1;

        public bool Scores { get; init; }

        public bool Ended { get; set; }

        public override bool ScoresPrompt => Scores;

        public override bool IsCancelled => false;

        public override bool Take(Sequence sequence, ReadOnlySpan<float> logits, Sampler sampler) =>
            throw new NotSupportedException();

        public override void Complete(Sequence sequence) => throw new NotSupportedException();

        public override void Fail(Exception fault) => throw new NotSupportedException();
    }
}
