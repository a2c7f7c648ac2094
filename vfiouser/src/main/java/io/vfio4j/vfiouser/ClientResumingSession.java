// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.vfiouser.Structs.MigData;
import java.lang.foreign.MemorySegment;

/** Writes a device's state by MIG_DATA_WRITE. */
final class ClientResumingSession extends ClientSession implements ResumingSession {

  private MemorySegment piece = MemorySegment.NULL;
  private final ClientCalls.Fields fields = this::fill;

  ClientResumingSession(ClientMigration migration) {
    super(migration);
  }

  @Override
  DataSession session() {
    return this;
  }

  @Override
  boolean belongsTo(DeviceState state) {
    return state == DeviceState.RESUMING;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    checkOpen("write the state");
    long most = migration().limits().maxDataXferSize();
    for (long done = 0; done < data.byteSize(); done += piece.byteSize()) {
      long size = Math.min(most, data.byteSize() - done);
      piece = size == data.byteSize() ? data : data.asSlice(done, size);
      migration().migrationCalls().call("write the state", Command.MIG_DATA_WRITE, fields, piece,
          reader -> Boolean.TRUE);
    }
  }

  private int fill(MemorySegment head) {
    head.set(Wire.U32, Header.SIZE, MigData.SIZE + (int) piece.byteSize());
    head.set(Wire.U32, Header.SIZE + MigData.LENGTH, (int) piece.byteSize());
    return MigData.SIZE;
  }

  @Override
  public void close() {
    end();
  }
}
