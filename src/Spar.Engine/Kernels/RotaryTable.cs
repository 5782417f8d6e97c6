using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021) of the first dimensions of a head, two a frequency; the others pass
/// unchanged. Pair i at position p turns by p times its frequency, rounded to float32 as the reference implementations
/// do. The table grows by <see cref="Cover"/>; between calls of it threads may share it.
/// </summary>
internal sealed unsafe class RotaryTable
{
    private readonly float[] _frequencies; // [pairs]
    private readonly int _headDim;
    private readonly int _pairs;
    private readonly bool _interleaved;
    private float[] _cos = []; // [positions, pairs], pinned
    private float[] _sin = [];

    /// <summary>Makes a table that covers no position yet.</summary>
    /// <param name="headDim">Elements a head, at least twice as many as there are frequencies.</param>
    /// <param name="frequencies">Radians that a pair turns by per position, one a pair.</param>
    /// <param name="interleaved">
    /// True when pairs are neighbours (2i, 2i+1); false when they are half the rotated part apart.
    /// </param>
    public RotaryTable(int headDim, ReadOnlySpan<float> frequencies, bool interleaved)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(2 * frequencies.Length, headDim, nameof(frequencies));
        _headDim = headDim;
        _pairs = frequencies.Length;
        _interleaved = interleaved;
        _frequencies = frequencies.ToArray();
    }

    /// <summary>Positions 0 .. Positions-1 are covered.</summary>
    public int Positions { get; private set; }

    /// <summary>
    /// Makes sure that positions up to and including this one are there. Not to be called while threads use the table.
    /// </summary>
    /// <param name="position">At least 0.</param>
    public void Cover(int position)
    {
        if (position < Positions)
        {
            return;
        }

        int positions = Math.Max(256, 2 * (position + 1));
        _cos = GC.AllocateUninitializedArray<float>(checked(positions * _pairs), pinned: true);
        _sin = GC.AllocateUninitializedArray<float>(positions * _pairs, pinned: true);
        for (int p = 0, at = 0; p < positions; p++)
        {
            for (int i = 0; i < _pairs; i++, at++)
            {
                (double s, double c) = Math.SinCos(p * _frequencies[i]);
                _cos[at] = (float)c;
                _sin[at] = (float)s;
            }
        }

        Positions = positions;
    }

    /// <summary>Turns heads by their position, in place.</summary>
    /// <param name="heads">The heads one after another, HeadDim elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">A covered position.</param>
    public void Apply(float* heads, int count, int position) => Turn(heads, count, position, 1);

    /// <summary>
    /// Turns heads back, in place: the transpose of <see cref="Apply"/>, which is also its backward pass.
    /// </summary>
    /// <param name="heads">The heads one after another, HeadDim elements each.</param>
    /// <param name="count">Number of heads.</param>
    /// <param name="position">A covered position.</param>
    public void ApplyInverse(float* heads, int count, int position) => Turn(heads, count, position, -1);

    private void Turn(float* heads, int count, int position, float direction)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)Positions, nameof(position));
        fixed (float* cosines = _cos, sines = _sin)
        {
            float* cos = cosines + ((nint)position * _pairs), sin = sines + ((nint)position * _pairs);
            Vector512<float> sign = Vector512.Create(direction);
            for (float* head = heads, end = heads + ((nint)count * _headDim); head < end; head += _headDim)
            {
                if (_interleaved)
                {
                    TurnNeighbours(head, cos, sin, direction);
                    continue;
                }

                int i = 0;
                for (; i <= _pairs - VectorMath.Lanes; i += VectorMath.Lanes)
                {
                    TurnVector(head + i, head + _pairs + i, cos + i, sin + i, sign, VectorMath.Lanes);
                }

                if (i < _pairs)
                {
                    TurnVector(head + i, head + _pairs + i, cos + i, sin + i, sign, _pairs - i);
                }
            }
        }
    }

    private void TurnNeighbours(float* head, float* cos, float* sin, float direction)
    {
        for (int i = 0; i < _pairs; i++)
        {
            float x = head[2 * i], y = head[(2 * i) + 1], s = sin[i] * direction;
            head[2 * i] = (x * cos[i]) - (y * s);
            head[(2 * i) + 1] = (y * cos[i]) + (x * s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnVector(
        float* first, float* second, float* cos, float* sin, Vector512<float> sign, int count)
    {
        Vector512<float> x = VectorMath.Load(first, count), y = VectorMath.Load(second, count);
        Vector512<float> c = VectorMath.Load(cos, count), s = VectorMath.Load(sin, count) * sign;
        VectorMath.Store((x * c) - (y * s), first, count);
        VectorMath.Store((y * c) + (x * s), second, count);
    }
}
