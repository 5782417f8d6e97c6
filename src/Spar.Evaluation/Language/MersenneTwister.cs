namespace Spar.Evaluation.Language;

/// <summary>
/// The 32-bit Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded by array initialisation with a key of
/// one number, with uniform, integer and normal draws made from its outputs as Python's <c>random.Random</c> makes
/// them: equal seeds give equal draws.
/// </summary>
public sealed class MersenneTwister
{
    private const int Size = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;
    private double? _spareGauss;

    /// <summary>A generator at the start of a seed's sequence.</summary>
    /// <param name="seed">The only number of the initialisation key.</param>
    public MersenneTwister(uint seed)
    {
        _state[0] = 19650218;
        for (uint i = 1; i < Size; i++)
        {
            _state[i] = (1812433253 * Mixed(i - 1)) + i;
        }

        uint at = 1;
        for (int round = 0; round < Size; round++)
        {
            _state[at] = (_state[at] ^ (Mixed(at - 1) * 1664525)) + seed;
            at = Advance(at);
        }

        for (int round = 0; round < Size - 1; round++)
        {
            _state[at] = (_state[at] ^ (Mixed(at - 1) * 1566083941)) - at;
            at = Advance(at);
        }

        _state[0] = 0x80000000;
    }

    /// <summary>The next 32-bit output.</summary>
    public uint NextUInt32()
    {
        if (_next == Size)
        {
            Regenerate();
        }

        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    /// <summary>A number drawn uniformly from [0, 1), with 53 bits out of two outputs.</summary>
    public double NextDouble()
    {
        uint high = NextUInt32() >> 5;
        uint low = NextUInt32() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary>
    /// A number drawn from the standard normal distribution (Box and Muller's method; every second call uses the spare
    /// value).
    /// </summary>
    public double NextGauss()
    {
        if (_spareGauss is double spare)
        {
            _spareGauss = null;
            return spare;
        }

        double angle = NextDouble() * 2 * Math.PI;
        double radius = Math.Sqrt(-2.0 * Math.Log(1.0 - NextDouble()));
        _spareGauss = Math.Sin(angle) * radius;
        return Math.Cos(angle) * radius;
    }

    /// <summary>
    /// An integer drawn uniformly from [0, <paramref name="count"/>): the top bits of outputs until they are below the
    /// count.
    /// </summary>
    /// <param name="count">How many values there are; at least 1.</param>
    public int NextBelow(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int drop = 32 - (32 - int.LeadingZeroCount(count));
        uint value;
        do
        {
            value = NextUInt32() >> drop;
        }
        while (value >= count);
        return (int)value;
    }

    private uint Mixed(uint i) => _state[i] ^ (_state[i] >> 30);

    private uint Advance(uint at)
    {
        if (at < Size - 1)
        {
            return at + 1;
        }

        _state[0] = _state[Size - 1];
        return 1;
    }

    private void Regenerate()
    {
        for (int i = 0; i < Size; i++)
        {
            uint y = (_state[i] & 0x80000000) | (_state[(i + 1) % Size] & 0x7FFFFFFF);
            _state[i] = _state[(i + Shift) % Size] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
        }

        _next = 0;
    }
}
