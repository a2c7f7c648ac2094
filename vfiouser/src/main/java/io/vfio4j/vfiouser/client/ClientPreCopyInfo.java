// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.exchange.ServerQuirks;
import io.vfio4j.vfiouser.quirk.ServerQuirk;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Extension;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.Feature;
import io.vfio4j.vfiouser.wire.Structs.MigPrecopyInfo;
import io.vfio4j.vfiouser.wire.Structs.PreCopyInfoData;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the pre-copy info of a served device. A vfio4j server grants feature 0xff00 by VERSION. On other
 * servers this class tries MIG_GET_PRECOPY_INFO, then the feature, and keeps to the one that works. Used by
 * the thread that moves the device.
 */
final class ClientPreCopyInfo {

  /** The requests by which servers report it. */
  private enum Query {
    COMMAND,
    FEATURE,
    NONE
  }

  /** Errors of servers that do not know the command or the feature. */
  private static final Set<Errno> UNSUPPORTED =
      Set.of(Errno.ENOSYS, Errno.ENOTTY, Errno.EINVAL, Errno.EOPNOTSUPP);

  private final ClientCalls calls;
  private final ServerQuirks quirks;
  private Query query;
  /** Whether {@link #query} has succeeded: an error from then on concerns the device, not the request. */
  private boolean isSupported;

  ClientPreCopyInfo(ClientContext context) {
    calls = context.calls();
    quirks = context.quirks();
    boolean isGranted = context.extensions().has(Extension.PRECOPY_INFO);
    query = isGranted ? Query.FEATURE : Query.COMMAND;
    isSupported = isGranted;
  }

  /**
   * Reads the pre-copy info. The device is in PRE_COPY or PRE_COPY_P2P.
   *
   * @return empty if the server or its device does not report it
   */
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
        head -> FeatureRequests.encode(head, Feature.PRE_COPY_INFO | Feature.GET,
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
      throw new ProtocolException("invalid sizes in the pre-copy info");
    }
    return new PreCopyInfo(initial, dirty, reinit);
  }
}
