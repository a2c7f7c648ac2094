// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.SliceCache;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A saving session of a served device: reads its state by MIG_DATA_READ. */
final class ClientSavingSession extends ClientDataSession implements SavingSession {

  private MemorySegment requested = MemorySegment.NULL;
  private final SliceCache slices = new SliceCache();
  private int received;
  private final ClientChannel.ReplyReader<Boolean> replyReader = this::readReply;
  private final ClientCalls.RequestEncoder fields = this::encode;

  ClientSavingSession(ClientMigration migration) {
    super(migration);
  }

  @Override
  DataSession session() {
    return this;
  }

  @Override
  boolean isValidIn(DeviceState state) {
    return state.isSaving();
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read the state");
    long maxSize = migration().limits().maxDataXferSize();
    requested = into.byteSize() <= maxSize ? into : into.asSlice(0, maxSize);
    migration().migrationCalls().call("read the state", Command.MIG_DATA_READ, fields, MemorySegment.NULL,
        replyReader);
    if (received > 0) {
      return received;
    }
    return migration().knownState() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
  }

  private int encode(MemorySegment head) {
    return MigDataRequests.encode(head, (int) requested.byteSize());
  }

  private Boolean readReply(MessageReader reader) throws LinuxException, ProtocolException {
    received = MigDataRequests.readLength(reader, requested.byteSize());
    if (received > 0) {
      reader.read(slices.of(requested, 0, received));
    }
    if (reader.remaining() > 0) {
      migration().recordPadding();
    }
    return Boolean.TRUE;
  }

  @Override
  public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
    checkOpen("read the pre-copy info");
    DeviceState state = migration().knownState();
    if (state != DeviceState.PRE_COPY && state != DeviceState.PRE_COPY_P2P) {
      throw new DeviceException(migration().calls().name(), "read the pre-copy info in " + state,
          Errno.EINVAL);
    }
    return migration().preCopyInfo().read();
  }

  @Override
  public void close() {
    end();
  }
}
