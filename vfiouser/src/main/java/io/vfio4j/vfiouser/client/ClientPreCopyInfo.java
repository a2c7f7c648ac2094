// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.MigPrecopyInfo;
import io.vfio4j.vfiouser.wire.Structs.PreCopyInfoData;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * Asks a server for the pre-copy info of its device. A server of ours grants feature 0xff00. Any other one is asked by
 * MIG_GET_PRECOPY_INFO first and by that feature then, and what works is used from there on. For the thread that moves the
 * device.
 */
final class ClientPreCopyInfo {

  /** The requests that servers have for it. */
  private enum Query {
    COMMAND,
    FEATURE,
    NONE
  }

  /** Answers of servers that do not know the command or the feature; they differ. */
  private static final Set<Errno> UNSUPPORTED =
      Set.of(Errno.ENOSYS, Errno.ENOTTY, Errno.EINVAL, Errno.EOPNOTSUPP);

  private final ClientCalls calls;
  private final ServerQuirks quirks;
  private Query query;
  /** Whether the server knows {@link #query}, so that an error from now on is not about the query. */
  private boolean isSupported;

  /**
   * Prepares to ask.
   *
   * @param negotiated whether the server has granted it as an extension of ours
   */
  ClientPreCopyInfo(ClientCalls calls, boolean negotiated, ServerQuirks findings) {
    this.calls = calls;
    this.quirks = findings;
    query = negotiated ? Query.FEATURE : Query.COMMAND;
    isSupported = negotiated;
  }

  /** Asks, while the device is in PRE_COPY or PRE_COPY_P2P. Returns nothing if the server or its device cannot tell. */
  Optional<PreCopyInfo> read() throws DeviceException {
    while (query != Query.NONE) {
      try {
        PreCopyInfo info = query == Query.COMMAND ? readByCommand() : readByFeature();
        isSupported = true;
        return Optional.of(info);
      } catch (DeviceLostException e) {
        throw e;
      } catch (DeviceException e) {
        if (isSupported && e.errno().equals(Errno.ENOTTY)) {
          return Optional.empty();
        }
        if (isSupported || !UNSUPPORTED.contains(e.errno())) {
          throw e;
        }
        query = query == Query.COMMAND ? Query.FEATURE : Query.NONE;
      }
    }
    quirks.add(ServerQuirk.Kind.NO_PRE_COPY_INFO,
        "no pre-copy info: how much is left shows only when the state is read");
    return Optional.empty();
  }

  private PreCopyInfo readByCommand() throws DeviceException {
    return calls.call("read the pre-copy info", Command.MIG_GET_PRECOPY_INFO, head -> {
      head.asSlice(Header.SIZE, MigPrecopyInfo.SIZE).fill((byte) 0);
      head.set(LittleEndian.U32, Header.SIZE, MigPrecopyInfo.SIZE);
      return MigPrecopyInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, MigPrecopyInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return info(reply.get(LittleEndian.U64, at + MigPrecopyInfo.INITIAL_BYTES),
          reply.get(LittleEndian.U64, at + MigPrecopyInfo.DIRTY_BYTES),
          (reply.get(LittleEndian.U32, at + MigPrecopyInfo.FLAGS) & MigPrecopyInfo.REINIT) != 0);
    });
  }

  private PreCopyInfo readByFeature() throws DeviceException {
    return calls.call("read the pre-copy info", Command.DEVICE_FEATURE,
        head -> ClientMigration.encodeFeature(head, Feature.PRE_COPY_INFO | Feature.GET,
            PreCopyInfoData.SIZE),
        MemorySegment.NULL, reader -> {
          int at = ClientCalls.readBody(reader, Feature.SIZE + PreCopyInfoData.SIZE) + Feature.SIZE;
          MemorySegment reply = reader.buffer().segment();
          return info(reply.get(LittleEndian.U64, at + PreCopyInfoData.INITIAL_BYTES),
              reply.get(LittleEndian.U64, at + PreCopyInfoData.DIRTY_BYTES),
              (reply.get(LittleEndian.U32, at + PreCopyInfoData.FLAGS) & PreCopyInfoData.REINIT) != 0);
        });
  }

  private static PreCopyInfo info(long initial, long dirty, boolean reinit) throws ProtocolException {
    if (initial < 0 || dirty < 0 || initial + dirty < 0) {
      throw new ProtocolException("pre-copy info with sizes that cannot be");
    }
    return new PreCopyInfo(initial, dirty, reinit);
  }
}
