// The package has no types of its own, and those of others bring Express's.
declare module 'cors' {
  type Handler = (req: never, res: never, next: (error?: unknown) => void) => void;
  export default function cors(options: {
    readonly origin: string | boolean;
    readonly credentials: boolean;
    readonly methods: readonly string[];
    readonly allowedHeaders?: readonly string[];
    readonly exposedHeaders: readonly string[];
    readonly maxAge: number;
  }): Handler;
}
