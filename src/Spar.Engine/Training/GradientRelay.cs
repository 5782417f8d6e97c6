using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>Floats that gradients are summed up in.</summary>
/// <param name="Data">The first, in memory that does not move.</param>
/// <param name="Count">How many.</param>
internal readonly record struct GradientPart(nint Data, int Count)
{
    /// <summary>A tensor's elements, or some of its rows; nothing for null.</summary>
    public static unsafe IEnumerable<GradientPart> Of(Tensor? tensor, int firstRow = 0, int? rows = null)
    {
        if (tensor is null)
        {
            return [];
        }

        // Arrays of tensors are pinned, so the pointer outlives the statement.
        fixed (float* data = tensor.Data)
        {
            int row = rows is null ? 0 : tensor.Count / tensor.Shape[0];
            return [new((nint)(data + ((nint)firstRow * row)), rows is { } some ? some * row : tensor.Count)];
        }
    }
}

/// <summary>Gradients that are summed up in one stage of the backward pass, and handed on together.</summary>
/// <param name="parts">Where their sums are.</param>
/// <param name="firstTag">The tag of the first; the others follow.</param>
internal sealed class GradientGroup(IEnumerable<GradientPart> parts, int firstTag)
{
    /// <summary>The tag of the first part; the others follow.</summary>
    public int FirstTag => firstTag;

    /// <summary>Where their sums are.</summary>
    public GradientPart[] Parts { get; } = [.. parts.Where(part => part.Count > 0)];

    /// <summary>Messages to the next rank that may not be gone yet.</summary>
    public List<long> Sent { get; } = [];

    /// <summary>Messages from the rank before, begun in advance.</summary>
    public List<long> Coming { get; } = [];

    /// <summary>Whether the sums so far are here, in the present batch.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Whether more than the next loop adds to them.</summary>
    public bool IsHeld { get; set; }
}

/// <summary>
/// Hands a step's gradient sums from rank to rank, so that they are added up in the order of one process: batch i of a
/// step belongs to rank i mod the number of ranks; its backward pass goes on with the sums of batch i - 1, group by
/// group, and hands each on as soon as it has added to it. So ranks work side by side, each a stage behind the one
/// before, and every addition is the one that a single process makes, in its order: the bytes do not depend on the
/// number of ranks.
/// </summary>
/// <param name="ranks">The ranks, more than 1.</param>
internal sealed class GradientRelay(IRankGroup ranks)
{
    private const int BroadcastFloats = 1 << 28; // what goes out at once

    private readonly List<GradientGroup> _groups = [];
    private readonly List<GradientGroup> _added = []; // taken and not handed on yet
    private bool _first;
    private bool _last;

    /// <summary>Which rank this is.</summary>
    public int Rank => ranks.Rank;

    /// <summary>Makes a group known.</summary>
    /// <param name="parts">Where its sums are.</param>
    public GradientGroup Group(IEnumerable<GradientPart> parts)
    {
        GradientGroup group = new(parts, _groups.Sum(one => one.Parts.Length));
        _groups.Add(group);
        return group;
    }

    /// <summary>Begins a batch.</summary>
    /// <param name="first">Whether it is its step's first, whose sums begin with what is there.</param>
    /// <param name="last">Whether it is its step's last, whose sums are the step's.</param>
    public void Begin(bool first, bool last)
    {
        (_first, _last) = (first, last);
        _added.Clear(); // of a pass that failed
        foreach (GradientGroup group in _groups)
        {
            group.IsTaken = group.IsHeld = false;
        }

        Look();
    }

    /// <summary>Waits for a group's sums so far; <see cref="HandOn"/> passes them on.</summary>
    /// <param name="group">The group; nothing happens where it was taken already.</param>
    public void Take(GradientGroup group)
    {
        if (group.IsTaken)
        {
            return;
        }

        group.IsTaken = true;
        _added.Add(group);
        if (_first)
        {
            Settle(group.Sent);
            return;
        }

        if (group.Coming.Count == 0)
        {
            Settle(group.Sent);
            Expect(group);
        }

        Settle(group.Coming);
    }

    /// <summary>Passes on what was taken and is not held: all that belongs to it was added.</summary>
    public void HandOn()
    {
        foreach (GradientGroup group in _added)
        {
            foreach ((int i, GradientPart part) in (group.IsHeld || _last ? [] : group.Parts).Index())
            {
                group.Sent.Add(
                    ranks.BeginSend((ranks.Rank + 1) % ranks.Count, group.FirstTag + i, part.Data, part.Count));
            }
        }

        _added.RemoveAll(group => !group.IsHeld);
        Look();
    }

    /// <summary>Gives every rank the sums of a step.</summary>
    /// <param name="owner">The rank of the step's last batch, which has them.</param>
    /// <param name="gradients">The gradients.</param>
    public void Share(int owner, IReadOnlyList<NamedTensor> gradients)
    {
        foreach (GradientGroup group in _groups)
        {
            Settle(group.Sent);
        }

        foreach (NamedTensor gradient in gradients)
        {
            Span<float> all = gradient.Tensor.Data;
            for (int first = 0; first < all.Length; first += BroadcastFloats)
            {
                ranks.Broadcast(
                    owner, System.Runtime.InteropServices.MemoryMarshal.AsBytes(
                        all.Slice(first, Math.Min(BroadcastFloats, all.Length - first))));
            }
        }
    }

    // Messages that come are given their place as early as it is free, so that they are here when they are needed.
    private void Look()
    {
        foreach (GradientGroup group in _groups)
        {
            group.Sent.RemoveAll(ranks.IsDone);
            if (!_first && !group.IsTaken && group.Coming.Count == 0 && group.Sent.Count == 0)
            {
                Expect(group);
            }
        }
    }

    private void Expect(GradientGroup group)
    {
        int before = (ranks.Rank + ranks.Count - 1) % ranks.Count;
        foreach ((int i, GradientPart part) in group.Parts.Index())
        {
            group.Coming.Add(ranks.BeginReceive(before, group.FirstTag + i, part.Data, part.Count));
        }
    }

    private void Settle(List<long> transfers)
    {
        foreach (long transfer in transfers)
        {
            ranks.Wait(transfer);
        }

        transfers.Clear();
    }
}
