import 'express-micro';

declare module 'express-micro' {
  interface Services {
    orderService: typeof import('../orders/routes.ts').orderRoutes;
  }
}
