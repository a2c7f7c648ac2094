// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.model.DeviceException;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.ProtocolException;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.RegionAccess;
import io.vfio4j.vfiouser.wire.Structs.WriteMulti;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Many small writes: the client's side of REGION_WRITE_MULTI, and REGION_WRITE where the server does not know that. */
final class ClientRegionWrites {

  private static final String ACTION = "write to regions";
  /** {@code VFIO_USER_MULTI_MAX} of QEMU: a server may count on it. */
  private static final int MAX_WRITES = 200;

  private final ClientCalls calls;
  /** How many go in a message; 1 where the server does not know of such messages, or takes none of that length. */
  private final int maxWrites;
  /** A server that takes less in a message than a register has is written to in pieces, as by other accesses. */
  private final int maxBytes;

  ClientRegionWrites(ClientCalls calls, Limits limits, boolean writeMultiple) {
    this.calls = calls;
    maxWrites = writeMultiple
        ? Math.clamp(limits.maxDataXferSize() / WriteMulti.WRITE_SIZE, 1, MAX_WRITES)
        : 1;
    maxBytes = limits.maxDataXferSize();
  }

  void write(List<RegionWrite> writes) throws DeviceException {
    for (int done = 0; done < writes.size();) {
      List<RegionWrite> part = nextBatch(writes, done);
      int carriedOut = part.size() == 1 ? writeOne(part.getFirst()) : writeAll(part);
      done += carriedOut;
      if (carriedOut < part.size()) {
        // The server has told how many it carried out, but not what is wrong with the next one: alone, it is refused
        // for a reason.
        done += writeOne(writes.get(done));
      }
    }
  }

  void post(List<RegionWrite> writes) throws DeviceException {
    for (int done = 0; done < writes.size();) {
      List<RegionWrite> part = nextBatch(writes, done);
      if (part.size() == 1) {
        for (RegionWrite piece : split(part.getFirst())) {
          calls.post(ACTION, Command.REGION_WRITE, head -> encode(head, piece), MemorySegment.NULL);
        }
      } else {
        calls.post(ACTION, Command.REGION_WRITE_MULTI, head -> encode(head, part), MemorySegment.NULL);
      }
      done += part.size();
    }
  }

  private List<RegionWrite> nextBatch(List<RegionWrite> writes, int done) {
    return writes.subList(done, Math.min(writes.size(), done + maxWrites));
  }

  private int writeAll(List<RegionWrite> writes) throws DeviceException {
    return calls.call(ACTION, Command.REGION_WRITE_MULTI, head -> encode(head, writes), MemorySegment.NULL,
        reader -> {
          int at = ClientCalls.readBody(reader, WriteMulti.WRITES);
          long carriedOut = reader.buffer().segment().get(LittleEndian.U64, at);
          if (carriedOut < 0 || carriedOut > writes.size()) {
            throw new ProtocolException("%s of %d writes carried out"
                .formatted(Long.toUnsignedString(carriedOut), writes.size()));
          }
          return (int) carriedOut;
        });
  }

  private int writeOne(RegionWrite write) throws DeviceException {
    for (RegionWrite piece : split(write)) {
      calls.call(ACTION, Command.REGION_WRITE, head -> encode(head, piece), MemorySegment.NULL,
          reader -> Boolean.TRUE);
    }
    return 1;
  }

  private List<RegionWrite> split(RegionWrite write) {
    if (write.count() <= maxBytes) {
      return List.of(write);
    }
    List<RegionWrite> pieces = new ArrayList<>();
    for (int done = 0; done < write.count(); done += maxBytes) {
      pieces.add(
          new RegionWrite(write.region(), write.offset() + done, Math.min(maxBytes, write.count() - done),
              write.value() >>> (done * Byte.SIZE)));
    }
    return pieces;
  }

  private static int encode(MemorySegment head, List<RegionWrite> writes) {
    head.set(LittleEndian.U64, Header.SIZE, writes.size());
    int at = Header.SIZE + WriteMulti.WRITES;
    for (RegionWrite write : writes) {
      encode(head, at, write);
      at += WriteMulti.WRITE_SIZE;
    }
    return at - Header.SIZE;
  }

  private static int encode(MemorySegment head, RegionWrite write) {
    encode(head, Header.SIZE, write);
    return RegionAccess.SIZE + write.count();
  }

  private static void encode(MemorySegment head, int at, RegionWrite write) {
    head.set(LittleEndian.U64, at + RegionAccess.OFFSET, write.offset());
    head.set(LittleEndian.U32, at + RegionAccess.REGION, write.region());
    head.set(LittleEndian.U32, at + RegionAccess.COUNT, write.count());
    head.set(LittleEndian.U64, at + WriteMulti.DATA, write.value());
  }
}
