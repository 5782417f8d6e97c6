using System.Globalization;
using Spar.Engine.Training;
using Spar.Ground;

namespace Spar.Runtime.Mpi;

/// <summary>
/// The ranks that mpirun, or srun with PMIx, has started together with this process. One for each process: MPI begins and
/// ends once in it. What waits gives its processor away, so that more ranks than processors get on with each other.
/// </summary>
public sealed unsafe class MpiRanks : IRankGroup, IDisposable
{
    // What each of the starters sets for the processes that it starts: mpirun of Open MPI, and any with PMIx.
    private static readonly string[] s_signs = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK"];

    private readonly Dictionary<long, nint> _requests = [];
    private readonly nint _world;
    private long _next;

    private MpiRanks()
    {
        OpenMpi.Load();
        OpenMpi.InitThread(0, 0, OpenMpi.ThreadSerialized, out int provided);
        if (provided < OpenMpi.ThreadSerialized)
        {
            throw new UserFaultException(
                "This Open MPI was built without threads.", "Use one that was built with them, as all distributions do.");
        }

        _world = OpenMpi.World;
        OpenMpi.CommRank(_world, out int rank);
        OpenMpi.CommSize(_world, out int count);
        (Rank, Count) = (rank, count);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>Ranks on this rank's machine, as the starter says; at least 1.</summary>
    public int CountHere => Number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? Number("SLURM_NTASKS_PER_NODE") ?? 1;

    /// <summary>Joins the ranks that this process was started with.</summary>
    /// <returns>Null where it was started alone.</returns>
    /// <exception cref="UserFaultException">Open MPI is not there.</exception>
    public static MpiRanks? Join() =>
        s_signs.Any(sign => Environment.GetEnvironmentVariable(sign) is not null) ? new MpiRanks() : null;

    /// <summary>Ends all ranks at once, this one too.</summary>
    /// <param name="code">The exit code.</param>
    public void Abort(int code) => OpenMpi.Abort(_world, code);

    /// <inheritdoc/>
    public long BeginSend(int rank, int tag, nint data, int count)
    {
        OpenMpi.Isend(data, count, OpenMpi.Float, rank, tag, _world, out nint request);
        return Add(request);
    }

    /// <inheritdoc/>
    public long BeginReceive(int rank, int tag, nint data, int count)
    {
        OpenMpi.Irecv(data, count, OpenMpi.Float, rank, tag, _world, out nint request);
        return Add(request);
    }

    /// <inheritdoc/>
    public bool IsDone(long transfer)
    {
        if (!_requests.TryGetValue(transfer, out nint request))
        {
            return true;
        }

        bool done = IsDone(ref request);
        if (done)
        {
            _requests.Remove(transfer);
        }

        return done;
    }

    /// <inheritdoc/>
    public void Wait(long transfer)
    {
        SpinWait wait = default;
        while (!IsDone(transfer))
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <inheritdoc/>
    public void Broadcast(int rank, Span<byte> data)
    {
        fixed (byte* first = data)
        {
            OpenMpi.Ibcast(first, data.Length, OpenMpi.Byte, rank, _world, out nint request);
            Settle(request);
        }
    }

    /// <inheritdoc/>
    public bool Any(bool here)
    {
        // Where they lie until the request is done.
        int* values = stackalloc int[2] { here ? 1 : 0, 0 };
        OpenMpi.Iallreduce(values, values + 1, 1, OpenMpi.Int, OpenMpi.Max, _world, out nint request);
        Settle(request);
        return values[1] != 0;
    }

    /// <summary>Ends MPI in this process; waits for the other ranks to do the same.</summary>
    public void Dispose() => OpenMpi.Finalize();

    private static bool IsDone(ref nint request)
    {
        OpenMpi.Test(ref request, out int done, 0);
        return done != 0;
    }

    private static void Settle(nint request)
    {
        SpinWait wait = default;
        while (!IsDone(ref request))
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static int? Number(string name) => int.TryParse(
        Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int number) && number > 0
        ? number
        : null;

    private long Add(nint request)
    {
        _requests[_next] = request;
        return _next++;
    }
}
