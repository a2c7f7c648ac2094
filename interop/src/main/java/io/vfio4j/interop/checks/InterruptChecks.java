// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop.checks;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.vfio.KernelDevice;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.IrqAction;
import java.io.IOException;
import java.util.List;

/** Interrupts of mtty, delivered by eventfds. */
final class InterruptChecks {

  private static final int INTX = 0;
  private static final int MSI = 1;
  private static final int MSIX = 2;
  private static final int UART_IER = 1;
  /** Enables the interrupt for an empty transmitter; mtty's is always empty. */
  private static final int UART_IER_THRI = 2;

  private final CheckContext context;

  private InterruptChecks(CheckContext context) {
    this.context = context;
  }

  static void add(CheckList checks, CheckContext context) {
    InterruptChecks interrupts = new InterruptChecks(context);
    checks.add("interrupts/MSI", interrupts::msi);
    checks.add("interrupts/INTx is masked when it comes", interrupts::intx);
    checks.add("interrupts/an index that it lacks", interrupts::msix);
  }

  private static void interrupt(KernelDevice device) throws DeviceException {
    new RegionRegisters(device, 0).writeByte(UART_IER, UART_IER_THRI);
  }

  private void msi() throws IOException, LinuxException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty);
        EventFd event = EventFd.create()) {
      device.irqs().connect(IrqAction.TRIGGER, MSI, 0, List.of(event));
      interrupt(device);
      Requirements.requireEqual(1L, event.drain(), "raised by the device");
      device.irqs().apply(IrqAction.TRIGGER, MSI, 0, 1);
      Requirements.requireEqual(1L, event.drain(), "raised by us");
      device.irqs().disable(MSI);
      interrupt(device);
      Requirements.requireEqual(0L, event.drain(), "disabled");
    }
  }

  private void intx() throws IOException, LinuxException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty);
        EventFd event = EventFd.create()) {
      device.irqs().connect(IrqAction.TRIGGER, INTX, 0, List.of(event));
      interrupt(device);
      interrupt(device);
      Requirements.requireEqual(1L, event.drain(), "raised twice, but masked after the first");
      device.irqs().apply(IrqAction.UNMASK, INTX, 0, 1);
      interrupt(device);
      Requirements.requireEqual(1L, event.drain(), "unmasked");
      device.irqs().apply(IrqAction.UNMASK, INTX, 0, 1);
      device.irqs().apply(IrqAction.MASK, INTX, 0, 1);
      interrupt(device);
      Requirements.requireEqual(0L, event.drain(), "masked by us");
      device.irqs().disable(INTX);
    }
  }

  private void msix() throws IOException {
    try (MediatedDevice mtty = MediatedDevice.mtty(); KernelDevice device = context.open(mtty)) {
      Requirements.requireErrno(Errno.EINVAL, () -> device.irqs().info(MSIX), "MSI-X");
    }
  }
}
