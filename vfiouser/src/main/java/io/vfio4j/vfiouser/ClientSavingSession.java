// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.SavingSession;
import io.vfio4j.vfiouser.Structs.MigData;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Reads a device's state by MIG_DATA_READ. */
final class ClientSavingSession extends ClientSession implements SavingSession {

  private MemorySegment wanted = MemorySegment.NULL;
  private final KeptSlice filled = new KeptSlice();
  private int got;
  private final ClientChannel.ReplyReader<Boolean> replyReader = this::readReply;
  private final ClientCalls.Fields fields = this::fill;

  ClientSavingSession(ClientMigration migration) {
    super(migration);
  }

  @Override
  DataSession session() {
    return this;
  }

  @Override
  boolean belongsTo(DeviceState state) {
    return state.isSaving();
  }

  @Override
  public long read(MemorySegment into) throws DeviceException {
    checkOpen("read the state");
    long most = migration().limits().maxDataXferSize();
    wanted = into.byteSize() <= most ? into : into.asSlice(0, most);
    migration().migrationCalls().call("read the state", Command.MIG_DATA_READ, fields, MemorySegment.NULL,
        replyReader);
    if (got > 0) {
      return got;
    }
    return migration().known() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
  }

  private int fill(MemorySegment head) {
    head.set(Wire.U32, Header.SIZE, MigData.SIZE + (int) wanted.byteSize());
    head.set(Wire.U32, Header.SIZE + MigData.LENGTH, (int) wanted.byteSize());
    return MigData.SIZE;
  }

  /** Takes what is real of the data; some servers fill it up to the size asked for, and that is all that may follow. */
  private Boolean readReply(MessageReader reader) throws LinuxException, ProtocolException {
    int at = ClientCalls.body(reader, MigData.SIZE);
    int size = reader.buffer().segment().get(Wire.U32, at + MigData.LENGTH);
    checkLength(size, reader.remaining(), wanted.byteSize());
    if (size > 0) {
      reader.read(filled.of(wanted, 0, size));
    }
    if (reader.remaining() > 0) {
      migration().notePadding();
    }
    got = size;
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
    DeviceState state = migration().known();
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
