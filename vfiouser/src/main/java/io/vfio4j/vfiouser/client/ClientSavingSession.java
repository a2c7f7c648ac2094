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
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.MessageReader;
import io.vfio4j.vfiouser.wire.SliceCache;
import io.vfio4j.vfiouser.wire.Structs.MigData;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reads a device's state by MIG_DATA_READ. */
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
    long most = migration().limits().maxDataXferSize();
    requested = into.byteSize() <= most ? into : into.asSlice(0, most);
    migration().migrationCalls().call("read the state", Command.MIG_DATA_READ, fields, MemorySegment.NULL,
        replyReader);
    if (received > 0) {
      return received;
    }
    return migration().knownState() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
  }

  private int encode(MemorySegment head) {
    head.set(LittleEndian.U32, Header.SIZE, MigData.SIZE + (int) requested.byteSize());
    head.set(LittleEndian.U32, Header.SIZE + MigData.LENGTH, (int) requested.byteSize());
    return MigData.SIZE;
  }

  /** Takes what is real of the data; some servers fill it up to the size asked for, and that is all that may follow. */
  private Boolean readReply(MessageReader reader) throws LinuxException, ProtocolException {
    int at = ClientCalls.readBody(reader, MigData.SIZE);
    int size = reader.buffer().segment().get(LittleEndian.U32, at + MigData.LENGTH);
    checkLength(size, reader.remaining(), requested.byteSize());
    if (size > 0) {
      reader.read(slices.of(requested, 0, size));
    }
    if (reader.remaining() > 0) {
      migration().recordPadding();
    }
    received = size;
    return Boolean.TRUE;
  }

  /**
   * Checks the length of an answer to MIG_DATA_READ.
   *
   * @param size bytes that are real, as the answer says
   * @param sent bytes of data in the answer
   * @param wanted bytes that were asked for
   */
  static void checkLength(int size, long sent, long wanted) throws ProtocolException {
    if (size < 0 || size > wanted || (sent != size && sent != wanted)) {
      throw new ProtocolException(
          "MIG_DATA_READ of %d bytes answered with %d bytes, %s of them said to be data"
              .formatted(wanted, sent, Integer.toUnsignedString(size)));
    }
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
