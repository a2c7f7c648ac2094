@NullMarked
package io.vfio4j.vfiouser.dma;

import org.jspecify.annotations.NullMarked;
