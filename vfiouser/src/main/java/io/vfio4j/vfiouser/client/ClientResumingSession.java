// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.vfiouser.wire.Command;
import java.lang.foreign.MemorySegment;

/** A resuming session of a served device: writes its state by MIG_DATA_WRITE. */
final class ClientResumingSession extends ClientDataSession implements ResumingSession {

  private MemorySegment piece = MemorySegment.NULL;
  private final ClientCalls.RequestEncoder fields = this::encode;

  ClientResumingSession(ClientMigration migration) {
    super(migration);
  }

  @Override
  DataSession session() {
    return this;
  }

  @Override
  boolean isValidIn(DeviceState state) {
    return state == DeviceState.RESUMING;
  }

  @Override
  public void write(MemorySegment data) throws DeviceException {
    checkOpen("write the state");
    long maxSize = migration().limits().maxDataXferSize();
    for (long done = 0; done < data.byteSize(); done += piece.byteSize()) {
      long size = Math.min(maxSize, data.byteSize() - done);
      piece = size == data.byteSize() ? data : data.asSlice(done, size);
      migration().migrationCalls().call("write the state", Command.MIG_DATA_WRITE, fields, piece,
          reader -> Boolean.TRUE);
    }
  }

  private int encode(MemorySegment head) {
    return MigDataRequests.encode(head, (int) piece.byteSize());
  }

  @Override
  public void close() {
    end();
  }
}
